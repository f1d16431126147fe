//! The settings that take effect while dockpass runs: whether robots may log in.

use super::error::{ConfigError, Place, Problem};
use super::value::Value;
use super::{Config, DEFAULT_PATH, Environment, read_file};
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The settings that [`LiveSettings`] replaces; every other one needs a restart.
pub const LIVE: [&str; 2] = ["ROBOTS_DISALLOW", "ROBOTS_WHITELIST"];

/// How often [`LiveSettings::poll`] is to be called: twice this is well within the second that is promised.
pub const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// `ROBOTS_DISALLOW` and `ROBOTS_WHITELIST`, read together so that no login sees one old and one new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RobotPolicy {
    disallow: bool,
    whitelist: BTreeSet<String>,
}

impl RobotPolicy {
    /// What `config` says.
    pub fn new(config: &Config) -> Self {
        Self {
            disallow: config.robots.disallow,
            whitelist: config.robots.whitelist.iter().cloned().collect(),
        }
    }

    /// Whether robots are disallowed, and with that their creation. As in Quay the whitelist exempts logins only.
    pub fn is_disallowed(&self) -> bool {
        self.disallow
    }

    /// Whether the robot with this full name must not log in.
    pub fn refuses_login(&self, robot: &str) -> bool {
        self.disallow && !self.whitelist.contains(robot)
    }
}

/// Holds the current [`RobotPolicy`] and reads it again when the configuration changes.
pub struct LiveSettings {
    robots: ArcSwap<RobotPolicy>,
    watch: Option<Watch>,
}

struct Watch {
    path: PathBuf,
    environment: Arc<dyn Environment>,
    /// What the program runs with, to tell which changes need a restart.
    started_with: BTreeMap<&'static str, Value>,
    seen: Mutex<Seen>,
}

/// What was there when last looked at.
struct Seen {
    /// `None` while no regular file is there.
    identity: Option<Identity>,
    /// Whether a file has ever been read.
    had_file: bool,
    /// The file was another at the last look and has not been read since.
    stale: bool,
}

/// Tells versions of a file apart, also when a directory or a link on the way to it was exchanged, as Kubernetes
/// does with mounted ConfigMaps: device, inode, length, modification and status change time.
type Identity = (u64, u64, u64, (i64, i64), (i64, i64));

/// What reading the configuration again has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// Settings that now have another value.
    pub changed: Vec<&'static str>,
    /// Settings that differ from what the program runs with and need a restart.
    pub needs_restart: Vec<&'static str>,
}

impl LiveSettings {
    /// Loads the configuration as [`Config::load`] does, and stands ready to read it again.
    pub fn load(
        path: Option<&Path>,
        environment: Arc<dyn Environment>,
    ) -> Result<(Config, Self), ConfigError> {
        let place = path.unwrap_or(Path::new(DEFAULT_PATH));
        // Looked at before it is read: a change in between is then found by the next poll.
        let identity = identity(place);
        let (_, text) = read_file(path)?;
        let config = Config::parse(text.as_deref().map(|text| (place, text)), environment.as_ref())?;
        let robots = ArcSwap::from_pointee(RobotPolicy::new(&config));
        let seen = Mutex::new(Seen { identity, had_file: text.is_some(), stale: false });
        let started_with = config.effective.clone();
        let watch = Some(Watch { path: place.to_owned(), environment, started_with, seen });
        Ok((config, Self { robots, watch }))
    }

    /// Settings that never change, for commands and tests.
    pub fn fixed(robots: RobotPolicy) -> Self {
        Self { robots: ArcSwap::from_pointee(robots), watch: None }
    }

    /// The policy that counts now. Cheap; take it once per request.
    pub fn robots(&self) -> impl Deref<Target = Arc<RobotPolicy>> {
        self.robots.load()
    }

    /// Reads the configuration again if its file is another than before, and has been so for two calls: a file that is
    /// being written may be empty for a moment, and an empty configuration would let robots in. Costs one `stat`
    /// otherwise; call it every [`POLL_INTERVAL`] from a thread that may block. An error is returned once.
    pub fn poll(&self) -> Result<Option<Reload>, ConfigError> {
        let Some(watch) = &self.watch else {
            return Ok(None);
        };
        let identity = identity(&watch.path);
        let mut seen = watch.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if identity != seen.identity {
            seen.identity = identity;
            seen.stale = true;
            return Ok(None);
        }
        if !std::mem::take(&mut seen.stale) {
            return Ok(None);
        }
        self.read_again(watch, &mut seen).map(Some)
    }

    /// Reads the configuration again now, as SIGHUP asks for. When it is broken, the old settings stay.
    pub fn reload(&self) -> Result<Reload, ConfigError> {
        let Some(watch) = &self.watch else {
            return Ok(Reload::default());
        };
        let mut seen = watch.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.identity = identity(&watch.path);
        seen.stale = false;
        self.read_again(watch, &mut seen)
    }

    fn read_again(&self, watch: &Watch, seen: &mut Seen) -> Result<Reload, ConfigError> {
        // A file that is gone is not "no configuration": deleting it must not let robots in. And what is not a
        // regular file, such as a pipe, would block or come out empty the second time.
        let text = match (seen.identity, seen.had_file) {
            (Some(_), _) => read_file(Some(&watch.path))?.1,
            (None, false) => None,
            (None, true) => return Err(gone(&watch.path)),
        };
        seen.had_file = text.is_some();
        let file = text.as_deref().map(|text| (watch.path.as_path(), text));
        let config = Config::parse(file, watch.environment.as_ref())?;
        let new = RobotPolicy::new(&config);
        let old = self.robots.swap(Arc::new(new.clone()));
        let differs = [old.disallow != new.disallow, old.whitelist != new.whitelist];
        let changed =
            LIVE.into_iter().zip(differs).filter(|(_, differs)| *differs).map(|(key, _)| key).collect();
        let needs_restart = config
            .effective
            .iter()
            .filter(|(key, value)| !LIVE.contains(key) && watch.started_with.get(*key) != Some(value))
            .map(|(key, _)| *key)
            .collect();
        Ok(Reload { changed, needs_restart })
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let data = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((
        data.dev(),
        data.ino(),
        data.len(),
        (data.mtime(), data.mtime_nsec()),
        (data.ctime(), data.ctime_nsec()),
    ))
}

fn gone(path: &Path) -> ConfigError {
    ConfigError::new(vec![Problem {
        place: Place::File(path.to_owned(), 0),
        key: String::new(),
        what: "is not there or not a regular file any more; the settings stay as they are".to_owned(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Bench {
        directory: tempfile::TempDir,
        live: LiveSettings,
    }

    impl Bench {
        fn new(text: &str, variables: &[(&str, &str)]) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("config.yaml");
            std::fs::write(&path, text).unwrap();
            let map: BTreeMap<_, _> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let (_, live) = LiveSettings::load(Some(&path), Arc::new(map)).unwrap();
            Self { directory, live }
        }

        fn write(&self, text: &str) {
            std::fs::write(self.directory.path().join("config.yaml"), text).unwrap();
        }

        /// Polls as often as a change takes to count.
        fn settle(&self) -> Result<Option<Reload>, ConfigError> {
            assert_eq!(self.live.poll().unwrap(), None);
            self.live.poll()
        }

        fn refuses(&self, robot: &str) -> bool {
            self.live.robots().refuses_login(robot)
        }
    }

    #[test]
    fn the_next_poll_after_a_change_swaps_both_settings() {
        let bench = Bench::new("ROBOTS_DISALLOW: false\n", &[]);
        assert_eq!(bench.settle().unwrap(), None);
        assert!(!bench.refuses("acme+ci"));
        bench.write("ROBOTS_DISALLOW: true\nROBOTS_WHITELIST: [acme+mirror]\n");
        assert_eq!(bench.settle().unwrap().unwrap().changed, LIVE);
        assert!(bench.refuses("acme+ci") && !bench.refuses("acme+mirror"));
        assert!(bench.live.robots().is_disallowed());
        assert_eq!(bench.settle().unwrap(), None);
    }

    #[test]
    fn a_file_that_is_being_written_is_left_alone_until_it_is_done() {
        let bench = Bench::new("ROBOTS_DISALLOW: true\n", &[]);
        for part in ["", "ROBOTS_DISALLOW: ", "ROBOTS_DISALLOW: true\nROBOTS_WHITELIST: [acme+ci]\n"] {
            bench.write(part);
            assert_eq!(bench.live.poll().unwrap(), None);
            assert!(bench.refuses("acme+ci"));
        }
        assert_eq!(bench.live.poll().unwrap().unwrap().changed, ["ROBOTS_WHITELIST"]);
        assert!(!bench.refuses("acme+ci"));
    }

    #[test]
    fn a_broken_file_keeps_the_old_settings_and_is_reported_once() {
        let bench = Bench::new("ROBOTS_DISALLOW: true\n", &[]);
        bench.write("ROBOTS_DISALLOW: maybe\nTOKEN_LIFETIME: 1\n");
        let error = bench.settle().unwrap_err();
        assert_eq!(error.problems().len(), 2);
        assert!(bench.refuses("acme+ci"));
        assert_eq!(bench.settle().unwrap(), None);
        assert!(bench.live.reload().is_err(), "asked for by hand, it is told again");
        bench.write("ROBOTS_DISALLOW: false\n");
        assert!(bench.settle().unwrap().is_some());
        assert!(!bench.refuses("acme+ci"));
    }

    #[test]
    fn a_file_that_is_deleted_does_not_let_robots_in() {
        let bench = Bench::new("ROBOTS_DISALLOW: true\n", &[]);
        std::fs::remove_file(bench.directory.path().join("config.yaml")).unwrap();
        assert!(bench.settle().is_err());
        assert!(bench.live.reload().is_err());
        assert!(bench.refuses("acme+ci"));
        bench.write("ROBOTS_DISALLOW: false\n");
        bench.settle().unwrap();
        assert!(!bench.refuses("acme+ci"));
    }

    #[test]
    fn variables_win_on_reload_too() {
        let bench = Bench::new("ROBOTS_DISALLOW: false\n", &[("DOCKPASS_ROBOTS_DISALLOW", "true")]);
        bench.write("ROBOTS_DISALLOW: false\n# changed\n");
        assert_eq!(bench.settle().unwrap(), Some(Reload::default()));
        assert!(bench.refuses("acme+ci"));
    }

    #[test]
    fn changes_of_other_settings_are_named_and_not_made() {
        let bench = Bench::new("TOKEN_LIFETIME: 300\n", &[]);
        bench.write("TOKEN_LIFETIME: 600\nROBOTS_DISALLOW: true\n");
        let reload = bench.settle().unwrap().unwrap();
        assert_eq!((reload.changed, reload.needs_restart), (vec!["ROBOTS_DISALLOW"], vec!["TOKEN_LIFETIME"]));
        assert_eq!(bench.live.reload().unwrap().needs_restart, ["TOKEN_LIFETIME"], "as long as it differs");
    }

    #[test]
    fn an_exchanged_directory_behind_a_link_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (version, value) in [("v1", "false"), ("v2", "true")] {
            std::fs::create_dir(at(version)).unwrap();
            std::fs::write(at(version).join("config.yaml"), format!("ROBOTS_DISALLOW: {value}\n")).unwrap();
        }
        symlink("v1", at("..data")).unwrap();
        symlink("..data/config.yaml", at("config.yaml")).unwrap();
        let (_, live) = LiveSettings::load(Some(&at("config.yaml")), Arc::new(BTreeMap::new())).unwrap();
        assert!(!live.robots().is_disallowed());
        symlink("v2", at("..tmp")).unwrap();
        std::fs::rename(at("..tmp"), at("..data")).unwrap();
        assert_eq!(live.poll().unwrap(), None);
        assert_eq!(live.poll().unwrap().unwrap().changed, ["ROBOTS_DISALLOW"]);
        assert!(live.robots().is_disallowed());
    }
}
