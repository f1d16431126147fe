//! `dockpass config`: what is configured, and what can be.

use super::error::CliError;
use super::output::{self, Output, note};
use super::{Global, open};
use crate::config::{keys, sample};
use clap::Subcommand;
use serde_json::{Map, Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the configuration and report everything that is wrong with it.
    Check,
    /// Show every setting with the value that counts, from file, environment or default.
    Show,
    /// List the settings that there are.
    Keys,
    /// Print a configuration file with every setting and its default.
    Sample,
}

impl ConfigCommand {
    pub(super) fn run(self, global: &Global, out: Output) -> Result<(), CliError> {
        match self {
            Self::Check => {
                let (config, _) = open::configuration(global)?;
                for warning in &config.warnings {
                    note(&format!("warning: {warning}"));
                }
                out.done("The configuration is good.", &json!({ "ok": true, "warnings": config.warnings }))
            }
            Self::Show => {
                let (config, _) = open::configuration(global)?;
                let settings = config.settings();
                if out.is_json() {
                    let members: Map<String, Value> =
                        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    return out.object(&Value::Object(members));
                }
                // JSON is YAML: what is printed can be put into a file as it is.
                let lines: Vec<_> = settings.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                output::line(&lines.join("\n"))
            }
            Self::Keys => {
                let view = |key: crate::config::Key| {
                    let doc: Vec<_> = key.doc.iter().map(|line| line.trim()).collect();
                    json!({
                        "name": key.name,
                        "default": key.default,
                        "allowed": key.allowed,
                        "section": key.section,
                        "meaning": doc.join(" "),
                    })
                };
                let columns = [("NAME", "name"), ("DEFAULT", "default"), ("MEANING", "meaning")];
                out.list(&columns, keys().into_iter().map(view).collect())
            }
            Self::Sample => output::line(sample().trim_end()),
        }
    }
}
