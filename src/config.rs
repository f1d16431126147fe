//! Configuration: `config.yaml`, environment, and the settings that change while running.
//!
//! A setting is one entry of the table in `config/keys.rs`; the type, the reader, the reference and the sample file
//! follow from it. To use one, take it from [`Config`]: `config.tokens.lifetime`.

mod check;
mod choices;
mod environment;
mod error;
mod keys;
mod live;
mod nearest;
mod quay;
mod reference;
mod rule;
mod source;
mod syntax;
mod table;
mod value;

pub use check::Derived;
pub use choices::{
    LogFormat, LogLevel, RegistryState, RobotTokenDisplay, TokenAlgorithm, TokenKeyHeader, UrlScheme,
};
pub use environment::{Environment, PREFIX, ProcessEnvironment};
pub use error::{ConfigError, Problem};
pub use keys::{
    Audit, Config, Federation, Log, Passwords, People, Repositories, Robots, Server, Storage, Tokens, keys,
};
pub use live::{LIVE, LiveSettings, POLL_INTERVAL, Reload, RobotPolicy};
pub use reference::{markdown, sample};
pub use syntax::Database;
pub use table::Key;

use error::Place;
use source::Source;
use std::io::Read;
use std::path::Path;
use value::Value;

/// The file that is read when none is named. It need not exist.
pub const DEFAULT_PATH: &str = "config.yaml";

/// The longest file that is read. Quay's own configurations are a few KiB; this only stops a wrong path.
const LONGEST_FILE: u64 = 1 << 20;

impl Config {
    /// Reads `path`, which must exist, or else [`DEFAULT_PATH`] if it exists; variables override it.
    pub fn load(path: Option<&Path>, environment: &dyn Environment) -> Result<Self, ConfigError> {
        let (path, text) = read_file(path)?;
        Self::parse(text.as_deref().map(|text| (path, text)), environment)
    }

    /// Reads a configuration from the text of a file (and the path to name in errors) and from variables.
    pub fn parse(file: Option<(&Path, &str)>, environment: &dyn Environment) -> Result<Self, ConfigError> {
        let mut source = Source::collect(file, environment);
        if let Some(mut config) = Self::read(&mut source) {
            check::contradictions(&config, &mut source);
            check::derive(&mut config, &mut source);
            // An unknown key is a problem although every known one could be read.
            if source.problems.is_empty() {
                config.warnings = source.warnings;
                config.effective = source.effective;
                return Ok(config);
            }
        }
        Err(ConfigError::new(source.problems))
    }
}

impl Config {
    /// Every setting, in the order of the reference, with the value that counts.
    pub fn settings(&self) -> Vec<(&'static str, serde_json::Value)> {
        let value = |key: &Key| {
            (key.name, self.effective.get(key.name).map_or(serde_json::Value::Null, Value::to_json))
        };
        keys().iter().map(value).collect()
    }
}

/// The path that counts, and its text; `None` when it is the default path and nothing is there.
fn read_file(path: Option<&Path>) -> Result<(&Path, Option<String>), ConfigError> {
    let (path, required) = path.map_or((Path::new(DEFAULT_PATH), false), |path| (path, true));
    let problem = |what: String| {
        let place = Place::File(path.to_owned(), 0);
        ConfigError::new(vec![Problem { place, key: String::new(), what }])
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => return Ok((path, None)),
        Err(error) => return Err(problem(format!("cannot be read: {error}"))),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| problem(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(problem("is longer than 1 MiB, which no configuration is".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| problem("is not UTF-8".to_owned()))?;
    Ok((path, Some(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn parse(file: &str) -> Result<Config, ConfigError> {
        Config::parse(Some((Path::new("config.yaml"), file)), &BTreeMap::new())
    }

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn errors(file: &str) -> String {
        parse(file).unwrap_err().to_string()
    }

    #[test]
    fn no_configuration_at_all_is_a_working_configuration_on_loopback() {
        let config = Config::parse(None, &BTreeMap::new()).unwrap();
        assert!(config.server.listen.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(config.derived.realm, "http://localhost:8480/v2/auth");
        assert_eq!(config.derived.origin, "http://localhost:8480");
        assert_eq!(config.derived.services, ["localhost:5000"]);
        assert_eq!(config.warnings, Vec::<String>::new());
    }

    #[test]
    fn variables_override_the_file_and_the_file_overrides_the_default() {
        let file = "TOKEN_LIFETIME: 10m\nTOKEN_ISSUER: file\nROBOTS_DISALLOW: false\n";
        let environment = variables(&[
            ("DOCKPASS_TOKEN_ISSUER", "variable"),
            ("DOCKPASS_ROBOTS_DISALLOW", "true"),
            ("DOCKPASS_SUPER_USERS", "[alice, bob]"),
        ]);
        let config = Config::parse(Some((Path::new("x"), file)), &environment).unwrap();
        assert_eq!(config.tokens.lifetime, Duration::from_mins(10));
        assert_eq!(config.tokens.issuer, "variable");
        assert!(config.robots.disallow);
        assert_eq!(config.people.super_users, ["alice", "bob"]);
    }

    #[test]
    fn all_problems_are_told_at_once_with_file_line_key_value_and_what_is_allowed() {
        let told = errors(
            "TOKEN_LIFTIME: 5\n\nTOKEN_LIFETIME: 5\nROBOTS_DISALLOW: yes\nSUPER_USERS: [alice, Bob]\n",
        );
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines[0], "config.yaml:1: TOKEN_LIFTIME: unknown key; did you mean TOKEN_LIFETIME?");
        assert!(
            lines[1].starts_with("config.yaml:3: TOKEN_LIFETIME: 5 is not allowed; give seconds"),
            "{told}"
        );
        assert_eq!(lines[2], "config.yaml:4: ROBOTS_DISALLOW: yes is not allowed; give true or false");
        assert!(
            lines[3].starts_with("config.yaml:5: SUPER_USERS: Bob is not allowed; give a list; each: a name"),
            "{told}"
        );
        assert_eq!(lines.len(), 4);
        let environment = variables(&[("DOCKPASS_LISTN", "x"), ("DOCKPASS_TOKEN_LIFETIME", "5")]);
        let told = Config::parse(None, &environment).unwrap_err().to_string();
        assert!(
            told.contains("environment variable DOCKPASS_LISTN: LISTN: unknown key; did you mean LISTEN?"),
            "{told}"
        );
        assert!(
            told.contains("environment variable DOCKPASS_TOKEN_LIFETIME: TOKEN_LIFETIME: 5 is not allowed"),
            "{told}"
        );
    }

    #[test]
    fn the_value_of_an_unknown_key_is_not_shown() {
        for file in
            ["PASSWORD: hunter2", "DB_URI: postgres://u:hunter2@h/\nX_Y: 1", "AUTHENTICATION_TYPE: hunter2"]
        {
            assert!(!errors(file).contains("hunter2"), "{}", errors(file));
        }
    }

    #[test]
    fn a_key_without_value_is_refused_unless_it_may_be_absent() {
        assert!(errors("ROBOTS_DISALLOW:\n").contains("has no value"));
        assert_eq!(parse("TLS_CERTIFICATE:\nTOKEN_REALM: null\n").unwrap().server.tls_certificate, None);
    }

    #[test]
    fn plain_http_over_a_network_must_be_meant() {
        let open = "LISTEN: 0.0.0.0:8480\nTOKEN_REALM: https://auth.example/v2/auth\n";
        assert!(
            errors(open).contains("config.yaml:1: LISTEN: passwords would cross the network to 0.0.0.0:8480")
        );
        for extra in [
            "ALLOW_PLAIN_HTTP: true",
            "TRUSTED_PROXIES: [10.0.0.1]",
            "TLS_CERTIFICATE: a\nTLS_PRIVATE_KEY: b",
        ] {
            assert!(parse(&format!("{open}{extra}\n")).is_ok(), "{extra}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let cases = [
            ("TLS_CERTIFICATE: a", "TLS_CERTIFICATE: needs TLS_PRIVATE_KEY"),
            ("TLS_PRIVATE_KEY: a", "TLS_PRIVATE_KEY: needs TLS_CERTIFICATE"),
            (
                "TLS_CERTIFICATE: a\nTLS_PRIVATE_KEY: b\nPREFERRED_URL_SCHEME: http",
                "PREFERRED_URL_SCHEME: must be https",
            ),
            (
                "TLS_CERTIFICATE: a\nTLS_PRIVATE_KEY: b\nTOKEN_REALM: http://a/",
                "TOKEN_REALM: must begin with https",
            ),
            ("LISTEN: []", "LISTEN: the list is empty"),
            ("LISTEN: [127.0.0.1:1, 127.0.0.1:1]", "LISTEN: 127.0.0.1:1 is in the list twice"),
            (
                "METRICS_LISTEN: 127.0.0.1:8480",
                "METRICS_LISTEN: 127.0.0.1:8480 is an address of LISTEN already",
            ),
            (
                "FEATURE_SUPER_USERS: false\nFEATURE_SUPERUSERS_FULL_ACCESS: true",
                "needs FEATURE_SUPER_USERS: true",
            ),
        ];
        for (file, expected) in cases {
            assert!(errors(file).contains(expected), "{file}: {}", errors(file));
        }
    }

    #[test]
    fn the_realm_follows_the_first_address_or_the_hostname() {
        let realm = |file: &str| parse(file).unwrap().derived.realm;
        assert_eq!(realm("LISTEN: ['[::1]:9000']"), "http://localhost:9000/v2/auth");
        assert_eq!(realm("TLS_CERTIFICATE: a\nTLS_PRIVATE_KEY: b"), "https://localhost:8480/v2/auth");
        let open = "LISTEN: 0.0.0.0:443\nTRUSTED_PROXIES: 10.0.0.0/8\n";
        assert_eq!(realm(&format!("{open}SERVER_HOSTNAME: reg.example")), "https://reg.example/v2/auth");
        let given = parse(&format!("{open}TOKEN_REALM: https://auth.example:8443/token?x=1")).unwrap();
        assert_eq!(given.derived.realm, "https://auth.example:8443/token?x=1");
        assert_eq!(given.derived.origin, "https://auth.example:8443");
        assert!(parse(open).unwrap().warnings.iter().any(|warning| warning.contains("set TOKEN_REALM")));
    }

    #[test]
    fn a_named_file_must_exist_and_be_a_file_of_sane_size() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.yaml");
        let load = || Config::load(Some(&file), &BTreeMap::new()).map_err(|error| error.to_string());
        assert!(load().unwrap_err().contains("c.yaml: cannot be read: No such file"));
        std::fs::write(&file, "TOKEN_ISSUER: x\n").unwrap();
        assert_eq!(load().unwrap().tokens.issuer, "x");
        std::fs::write(&file, b"TOKEN_ISSUER: \xff\n").unwrap();
        assert!(load().unwrap_err().contains("is not UTF-8"));
        std::fs::write(&file, vec![b'#'; 2 << 20]).unwrap();
        assert!(load().unwrap_err().contains("longer than 1 MiB"));
        assert!(Config::load(Some(directory.path()), &BTreeMap::new()).is_err());
    }

    #[test]
    fn a_configuration_of_quay_can_be_moved_over() {
        let file = "\
            AUTHENTICATION_TYPE: Database\n\
            BUILDLOGS_REDIS: {host: redis, password: hunter2}\n\
            DB_URI: postgresql://quay:hunter2@db/quay\n\
            DISTRIBUTED_STORAGE_CONFIG:\n  default: [LocalStorage, {storage_path: /x}]\n\
            FEATURE_USER_INITIALIZE: true\n\
            PREFERRED_URL_SCHEME: https\n\
            SERVER_HOSTNAME: quay.example\n\
            SUPER_USERS:\n- quayadmin\n\
            SECRET_KEY: hunter2\n\
            FRESH_LOGIN_TIMEOUT: 5m\n";
        let config = parse(file).unwrap();
        assert_eq!(config.people.super_users, ["quayadmin"]);
        assert_eq!(config.people.fresh_login_timeout, Duration::from_mins(5));
        assert_eq!(config.warnings.len(), 4, "{:?}", config.warnings);
        assert!(
            config.warnings[1]
                .contains("config.yaml:3: DB_URI: a setting of Quay that is ignored; use DATABASE_URL")
        );
        assert!(!config.warnings.join("").contains("hunter2"));
    }

    #[test]
    fn every_default_is_allowed_and_no_key_is_listed_twice() {
        let keys = keys();
        let names: std::collections::BTreeSet<_> = keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), keys.len());
        for key in &keys {
            parse(&format!("{}: {}\n", key.name, key.default)).unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_loading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_value_of_a_known_key_makes_loading_panic(key in proptest::sample::select(keys()), value in "\\PC{0,40}", yaml in "[-:a-z0-9\\[\\]{}&*!|>'\"%#, \n]{0,60}") {
            let _ = parse(&format!("{}: {value}\n", key.name));
            let _ = parse(&format!("{}: {yaml}\n", key.name));
            let _ = Config::parse(None, &variables(&[(&format!("DOCKPASS_{}", key.name), &value)]));
            let _ = Config::parse(None, &variables(&[(&format!("DOCKPASS_{}", key.name), &yaml)]));
        }
    }
}
