//! Environment variables as a source of settings.

use std::collections::BTreeMap;

/// What every variable of ours starts with: `DOCKPASS_TOKEN_LIFETIME` overrides `TOKEN_LIFETIME` of the file.
pub const PREFIX: &str = "DOCKPASS_";

/// Variables that start with [`PREFIX`] and are read by the command line instead.
const NOT_SETTINGS: [&str; 1] = ["CONFIG"];

/// Where environment variables come from: the process, or a map in tests.
pub trait Environment: Send + Sync {
    /// All variables. Text that is not UTF-8 comes with U+FFFD in its place.
    fn variables(&self) -> BTreeMap<String, String>;
}

/// The variables of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variables(&self) -> BTreeMap<String, String> {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
    }
}

impl Environment for BTreeMap<String, String> {
    fn variables(&self) -> BTreeMap<String, String> {
        self.clone()
    }
}

/// The settings among the variables, as (key, value). An empty value counts as not set: that is what
/// `KEY: ${KEY:-}` of a compose file produces.
pub(super) fn settings(environment: &dyn Environment) -> Vec<(String, String)> {
    environment
        .variables()
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
        .filter(|(key, value)| {
            !value.is_empty() && !NOT_SETTINGS.contains(&key.as_str()) && !is_service_link(key)
        })
        .collect()
}

/// Kubernetes puts `DOCKPASS_SERVICE_HOST`, `DOCKPASS_PORT_8480_TCP_ADDR` and the like into every pod beside a
/// Service named `dockpass` (or `dockpass-something`). Refusing them as unknown settings would stop the pod.
fn is_service_link(key: &str) -> bool {
    let ends = |end: &str| key == end || key.ends_with(&format!("_{end}"));
    let holds = |part: &str| key.starts_with(part) || key.contains(&format!("_{part}"));
    let protocol = key.split('_').any(|word| ["TCP", "UDP", "SCTP"].contains(&word));
    ends("SERVICE_HOST")
        || ends("SERVICE_PORT")
        || ends("PORT")
        || holds("SERVICE_PORT_")
        || holds("PORT_") && protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_prefixed_variables_with_a_value_are_settings() {
        let variables =
            [("DOCKPASS_LISTEN", "1"), ("DOCKPASS_EMPTY", ""), ("LISTEN", "2"), ("DOCKPASS_CONFIG", "x")];
        let map: BTreeMap<_, _> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(settings(&map), [("LISTEN".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn variables_that_kubernetes_makes_for_a_service_are_no_settings() {
        let made = [
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "PORT",
            "PORT_8480_TCP",
            "PORT_8480_TCP_ADDR",
            "PORT_8480_TCP_PORT",
            "PORT_8480_TCP_PROTO",
            "METRICS_SERVICE_HOST",
            "METRICS_PORT",
            "METRICS_PORT_9_UDP",
        ];
        for key in made {
            assert!(is_service_link(key), "{key}");
        }
    }

    #[test]
    fn no_key_of_ours_looks_like_a_service_link() {
        for key in super::super::keys() {
            assert!(!is_service_link(key.name), "{}", key.name);
        }
    }
}
