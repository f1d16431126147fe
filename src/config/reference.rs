//! The reference and the sample file, written from the table of settings.

use super::live::LIVE;
use super::{Key, PREFIX, keys};
use std::fmt::Write;

const ABOUT: &str = "\
Every setting is optional. `dockpass` reads `config.yaml` in the working directory if it is there, or the file named by
`--config`, which must be there. Names are those of Quay where Quay has the setting; a `config.yaml` of Quay can be
used as it is: settings of parts that dockpass does not have are ignored with a warning, and those that would close
something dockpass leaves open are refused.
";

/// `docs/configuration.md`.
pub fn markdown() -> String {
    let mut out = format!("# Configuration\n\n{ABOUT}\n");
    let _ = write!(
        out,
        "The environment variable `{PREFIX}` + name overrides the file: `{PREFIX}TOKEN_LIFETIME=10m`. Lists are written\n\
         `a, b` or `[a, b]`. An empty variable counts as not set.\n\n\
         Unknown names, values that are not allowed and contradictions stop the start, all reported together. The settings\n\
         marked **live** take effect within a second of the file changing, or on SIGHUP; a broken file then changes nothing\n\
         and is reported in the log. All others need a restart.\n"
    );
    let mut section = "";
    for key in keys() {
        if key.section != section {
            section = key.section;
            let _ = write!(
                out,
                "\n## {section}\n\n| Setting | Default | Meaning | Allowed |\n|---|---|---|---|\n"
            );
        }
        let live = if LIVE.contains(&key.name) { " **Live.**" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {}{live} | {} |",
            key.name,
            key.default,
            sentences(&key).replace('|', "\\|"),
            key.allowed.replace('|', "\\|")
        );
    }
    out
}

/// `config.sample.yaml`: every setting with its default, commented out.
pub fn sample() -> String {
    let mut out = String::from("# Configuration of dockpass: every setting, with its default.\n#\n");
    for line in ABOUT.lines() {
        let _ = writeln!(out, "# {line}");
    }
    let mut section = "";
    for key in keys() {
        if key.section != section {
            section = key.section;
            let _ = write!(out, "\n# ---- {section} ----\n");
        }
        out.push('\n');
        for line in key.doc {
            let _ = writeln!(out, "#{line}");
        }
        if LIVE.contains(&key.name) {
            out.push_str("# Takes effect while dockpass runs.\n");
        }
        let _ = write!(out, "# Allowed: {}.\n#{}: {}\n", key.allowed, key.name, key.default);
    }
    out
}

fn sentences(key: &Key) -> String {
    key.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Environment, ProcessEnvironment};
    use super::*;
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Compares a committed file with what the table says; `REGENERATE=1 cargo test` writes it instead.
    fn is_current(name: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        if ProcessEnvironment.variables().contains_key("REGENERATE") {
            std::fs::write(&path, text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{name} is out of date; run REGENERATE=1 cargo test reference");
    }

    #[test]
    fn the_committed_reference_is_current() {
        is_current("docs/configuration.md", &markdown());
    }

    #[test]
    fn the_committed_sample_is_current() {
        is_current("config.sample.yaml", &sample());
    }

    #[test]
    fn the_sample_shows_every_setting_and_says_what_is_the_case_anyway() {
        let sample = sample();
        let shown: Vec<_> = sample
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') && !line.is_empty())
            .collect();
        let names: Vec<_> = keys().iter().map(|key| key.name).collect();
        assert_eq!(shown.iter().map(|line| line.split(':').next().unwrap()).collect::<Vec<_>>(), names);
        let read = |text: &str| {
            Config::parse(Some((Path::new("config.sample.yaml"), text)), &BTreeMap::new()).unwrap()
        };
        let bare = Config::parse(None, &BTreeMap::new()).unwrap();
        for config in [read(&shown.join("\n")), read(&sample)] {
            assert_eq!(config.server, bare.server);
            assert_eq!(config.effective, bare.effective);
            assert_eq!(config.warnings, bare.warnings);
        }
    }

    #[test]
    fn every_setting_is_documented_in_whole_sentences() {
        for key in keys() {
            assert!(sentences(&key).ends_with('.'), "{}: {}", key.name, sentences(&key));
            assert!(!key.allowed.is_empty() && !key.section.is_empty());
        }
    }
}
