//! The settings, each with its type, default, bounds and documentation. Names are Quay's where Quay has the setting.

use super::Derived;
use super::choices::{
    LogFormat, LogLevel, RegistryState, RobotTokenDisplay, TokenAlgorithm, TokenKeyHeader, UrlScheme,
};
use super::rule::{boolean, choice, duration, integer, list, optional, unless};
use super::source::Source;
use super::syntax::{Database, address, database, host, label, name, network, path, robot, url};
use super::table::{Key, settings};
use super::value::Value;
use crate::domain::cidr::Cidr;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

settings! {
    "Addresses" "Where dockpass listens and how it is reached." Server server {
        /// Addresses that the token service, the API and the web pages answer on.
        LISTEN => pub listen: Vec<SocketAddr> = "[127.0.0.1:8480]" as list(address());
        /// Address of a separate listener for `/metrics`, in plain HTTP. When it is set, `LISTEN` answers 404 there.
        METRICS_LISTEN => pub metrics_listen: Option<SocketAddr> = "null" as optional(address());
        /// Certificate chain in PEM, leaf first. With it, `LISTEN` speaks TLS. Read again when the file changes.
        TLS_CERTIFICATE => pub tls_certificate: Option<PathBuf> = "null" as optional(path());
        /// Private key of `TLS_CERTIFICATE` in PEM.
        TLS_PRIVATE_KEY => pub tls_private_key: Option<PathBuf> = "null" as optional(path());
        /// Lets `LISTEN` carry passwords in plain HTTP over a network. For trusted networks and tests only.
        ALLOW_PLAIN_HTTP => pub allow_plain_http: bool = "false" as boolean();
        /// Proxies in front of dockpass that speak TLS. Only their `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` are believed; `Forwarded` is not read.
        TRUSTED_PROXIES => pub trusted_proxies: Vec<Cidr> = "[]" as list(network());
        /// Host and port of the registry as image names and login commands write them.
        SERVER_HOSTNAME => pub hostname: String = "localhost:5000" as host();
        /// How addresses that are shown to people and clients begin when they cannot be derived from `LISTEN`.
        PREFERRED_URL_SCHEME => pub scheme: UrlScheme = "https" as choice(UrlScheme::WORDS);
        /// Connections open at a time. Lowered at start to what the limit on open files allows.
        MAX_CONNECTIONS => pub max_connections: u32 = "20000" as integer(16..=1_000_000);
        /// Connections open at a time from one IPv4 address or IPv6 /64; loopback and `TRUSTED_PROXIES` are not counted.
        MAX_CONNECTIONS_PER_ADDRESS => pub max_connections_per_address: u32 = "4096" as integer(1..=1_000_000);
    }

    "Storage" "Where things are kept." Storage storage {
        /// The database. Its directory is created.
        DATABASE_URL => pub database: Database = "sqlite:data/dockpass.db" as database();
        /// Directory of the signing, verifier, seal and session keys. Created, with mode 0700, on first start.
        KEYS_DIR => pub keys_dir: PathBuf = "keys" as path();
    }

    "Tokens" "What registry tokens look like." Tokens tokens {
        /// The `iss` claim; must equal `auth.token.issuer` of the registry.
        TOKEN_ISSUER => pub issuer: String = "dockpass" as label();
        /// Services that tokens are issued for; each must equal `auth.token.service` of a registry.
        /// An empty list stands for `SERVER_HOSTNAME` alone.
        TOKEN_SERVICES => pub(super) services: Vec<String> = "[]" as list(label());
        /// Address of the token endpoint as clients reach it; `auth.token.realm` of the registry.
        /// By default the first address of `LISTEN` (`localhost` if it is loopback), or, when that is every
        /// address of the machine, `PREFERRED_URL_SCHEME` and `SERVER_HOSTNAME`; with path `/v2/auth`.
        TOKEN_REALM => pub(super) realm: Option<String> = "null" as optional(url());
        /// How long a token is valid.
        TOKEN_LIFETIME => pub lifetime: Duration = "300" as duration(60..=86_400);
        /// Signature algorithm of new signing keys. Registry 2.8 cannot verify EdDSA.
        TOKEN_ALGORITHM => pub algorithm: TokenAlgorithm = "ES256" as choice(TokenAlgorithm::WORDS);
        /// `x5c` sends the certificate chain in every token, so that keys rotate without touching the registry.
        /// `kid` makes tokens small, for registries that are configured with `jwks`.
        TOKEN_KEY_HEADER => pub key_header: TokenKeyHeader = "x5c" as choice(TokenKeyHeader::WORDS);
        /// Answers requests for a refresh token (`offline_token`, `access_type=offline`). Several clients lose their
        /// login when they are given one, so leave this off without a reason.
        TOKEN_REFRESH => pub refresh: bool = "false" as boolean();
    }

    "Robot accounts" "What robots may do." Robots robots {
        /// Refuses every robot login and the creation of robots.
        ROBOTS_DISALLOW => pub disallow: bool = "false" as boolean();
        /// Robots that may log in although `ROBOTS_DISALLOW` is set.
        ROBOTS_WHITELIST => pub whitelist: Vec<String> = "[]" as list(robot());
        /// Whether a robot's secret is shown whenever an administrator asks, or once only.
        ROBOT_TOKEN_DISPLAY => pub token_display: RobotTokenDisplay = "always" as choice(RobotTokenDisplay::WORDS);
    }

    "Keyless robots" "Who is asked whether a job of CI, or a service account of Kubernetes, may act as a robot." Federation federation {
        /// Hosts of issuers inside your network, which may have private addresses, each with its port unless that is 443.
        /// Other issuers are reached by HTTPS at public addresses only. The host of an issuer's `jwks_uri` counts as well.
        FEDERATION_INTERNAL_ISSUERS => pub internal_issuers: Vec<String> = "[]" as list(host());
        /// Certificates in PEM form that are trusted, beside the system's, for the hosts in `FEDERATION_INTERNAL_ISSUERS`.
        FEDERATION_CA_CERTIFICATES => pub ca_certificates: Option<PathBuf> = "null" as optional(path());
        /// Lets the hosts in `FEDERATION_INTERNAL_ISSUERS` be asked in plain HTTP. For tests only: whoever can answer in their place
        /// can act as every robot that names them.
        FEDERATION_ALLOW_PLAIN_HTTP => pub allow_plain_http: bool = "false" as boolean();
    }

    "Repositories" "What happens to names that do not exist yet." Repositories repositories {
        /// Creates the organization when a user pushes to one that does not exist.
        CREATE_NAMESPACE_ON_PUSH => pub create_namespace_on_push: bool = "false" as boolean();
        /// Makes repositories that come into being by a push private.
        CREATE_PRIVATE_REPO_ON_PUSH => pub create_private_on_push: bool = "true" as boolean();
        /// Takes a repository without namespace to be in `LIBRARY_NAMESPACE`.
        FEATURE_LIBRARY_SUPPORT => pub library_support: bool = "true" as boolean();
        /// The namespace of repositories that are written without one.
        LIBRARY_NAMESPACE => pub library_namespace: String = "library" as name();
        /// Lets callers without credentials pull public repositories and see them.
        FEATURE_ANONYMOUS_ACCESS => pub anonymous_access: bool = "true" as boolean();
        /// `readonly` keeps pulls working and refuses every change with status 503.
        REGISTRY_STATE => pub state: RegistryState = "normal" as choice(RegistryState::WORDS);
    }

    "People" "Who may administer, and how people sign in." People people {
        /// Users who administer the whole installation.
        SUPER_USERS => pub super_users: Vec<String> = "[]" as list(name());
        /// Users who may read everything, see no robot secret and change nothing.
        GLOBAL_READONLY_SUPER_USERS => pub readonly_super_users: Vec<String> = "[]" as list(name());
        /// Makes `SUPER_USERS` count.
        FEATURE_SUPER_USERS => pub super_users_enabled: bool = "true" as boolean();
        /// Lets super-users into every organization and user namespace.
        FEATURE_SUPERUSERS_FULL_ACCESS => pub super_users_full_access: bool = "false" as boolean();
        /// Lets nobody but super-users create organizations, by push neither.
        FEATURE_SUPERUSERS_ORG_CREATION_ONLY => pub super_users_make_organizations: bool = "false" as boolean();
        /// Lets users outside `RESTRICTED_USERS_WHITELIST` change nothing in their own namespace, nor create organizations.
        FEATURE_RESTRICTED_USERS => pub restricted_users: bool = "false" as boolean();
        /// Users whom `FEATURE_RESTRICTED_USERS` does not restrict.
        RESTRICTED_USERS_WHITELIST => pub restricted_users_whitelist: Vec<String> = "[]" as list(name());
        /// Lets the first user be created through `/api/v1/user/initialize` while there is none.
        FEATURE_USER_INITIALIZE => pub user_initialize: bool = "false" as boolean();
        /// Lets anybody create a user. Without it, super-users and the command line do.
        FEATURE_USER_CREATION => pub user_creation: bool = "false" as boolean();
        /// Lets users rename themselves, and with that their namespace.
        FEATURE_USER_RENAME => pub user_rename: bool = "false" as boolean();
        /// Lets users make application-specific tokens, which log in as `$app`.
        FEATURE_APP_SPECIFIC_TOKENS => pub app_tokens: bool = "true" as boolean();
        /// Lets administrators of an organization assign authorizations of its OAuth applications to other users.
        FEATURE_ASSIGN_OAUTH_TOKEN => pub assign_oauth_token: bool = "true" as boolean();
        /// How long an application-specific token is valid.
        APP_SPECIFIC_TOKEN_EXPIRATION => pub app_token_expiration: Option<Duration> = "null" as optional(duration(3600..=315_360_000));
        /// How long application-specific tokens and OAuth access tokens are still listed after they have expired.
        EXPIRED_APP_SPECIFIC_TOKEN_GC => pub expired_tokens_kept: Duration = "1d" as duration(3600..=315_360_000);
        /// How long a person stays signed in to the web pages.
        SESSION_LIFETIME => pub session_lifetime: Duration = "12h" as duration(300..=2_678_400);
        /// How long after typing the password a person may do dangerous things without typing it again.
        FRESH_LOGIN_TIMEOUT => pub fresh_login_timeout: Duration = "10m" as duration(30..=86_400);
        /// Refuses API reads by browsers without the header `X-Requested-With: XMLHttpRequest`.
        BROWSER_API_CALLS_XHR_ONLY => pub browser_calls_xhr_only: bool = "true" as boolean();
        /// Records when users and robots last logged in.
        FEATURE_USER_LAST_ACCESSED => pub last_accessed: bool = "true" as boolean();
        /// The least time between two records of the same account.
        LAST_ACCESSED_UPDATE_THRESHOLD_S => pub last_accessed_threshold: Duration = "60" as duration(1..=86_400);
    }

    "Audit" "What is written to the audit log, and how long it is kept." Audit audit {
        /// Records logins.
        ACTION_LOG_AUDIT_LOGINS => pub logins: bool = "true" as boolean();
        /// Records failed logins.
        ACTION_LOG_AUDIT_LOGIN_FAILURES => pub login_failures: bool = "false" as boolean();
        /// How long audit events are kept.
        ACTION_LOG_RETENTION => pub retention: Option<Duration> = "90d" as unless("0", "ever", duration(86_400..=315_360_000));
    }

    "Log output" "What is written to standard error." Log log {
        /// How lines look. `auto` is `text` on a terminal and `json` elsewhere.
        LOG_FORMAT => pub format: LogFormat = "auto" as choice(LogFormat::WORDS);
        /// The least important lines that are written.
        LOG_LEVEL => pub level: LogLevel = "info" as choice(LogLevel::WORDS);
    }

    "Password hashing" "How much of the machine checking passwords may take; 19 MiB of memory per thread." Passwords passwords {
        /// Threads that check passwords; 0 stands for one per processor.
        ARGON2_THREADS => pub threads: u32 = "0" as integer(0..=256);
        /// Logins that wait for one of the threads; more are answered with status 503.
        ARGON2_QUEUE => pub queue: u32 = "64" as integer(1..=100_000);
    }
}
