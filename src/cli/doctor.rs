//! `dockpass doctor`: what is wrong, and what to do about it.

mod client;
mod local;
mod registry;

use super::error::CliError;
use super::output::{Output, line};
use super::{Global, open};
use clap::Args;
use client::Client;
use serde_json::json;
use std::path::PathBuf;

/// Checks configuration, keys, database, clock and addresses, and changes nothing. With --registry it also proves that a
/// running registry sends its clients here, accepts our tokens and refuses all others.
#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// Address of the registry, for example http://localhost:5000. Can be repeated.
    #[arg(long, value_name = "URL")]
    registry: Vec<String>,
    /// Trust these certificates (PEM) instead of the system's when addresses begin with https.
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Ok,
    /// Works, but somebody should look at it.
    Warn,
    /// Does not work.
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What has been found; printed as it comes for people, at the end for programs.
struct Report {
    out: Output,
    findings: Vec<serde_json::Value>,
    failed: bool,
}

impl Report {
    fn ok(&mut self, check: &str, text: impl AsRef<str>) -> Result<(), CliError> {
        self.add(Verdict::Ok, check, text.as_ref(), None)
    }

    fn warn(&mut self, check: &str, text: impl AsRef<str>, advice: &str) -> Result<(), CliError> {
        self.add(Verdict::Warn, check, text.as_ref(), Some(advice))
    }

    fn fail(&mut self, check: &str, text: impl AsRef<str>, advice: &str) -> Result<(), CliError> {
        self.add(Verdict::Fail, check, text.as_ref(), Some(advice))
    }

    fn add(
        &mut self,
        verdict: Verdict,
        check: &str,
        text: &str,
        advice: Option<&str>,
    ) -> Result<(), CliError> {
        self.failed |= verdict == Verdict::Fail;
        if self.out.is_json() {
            let finding = json!({ "check": check, "result": verdict.word(), "text": text, "advice": advice });
            self.findings.push(finding);
            return Ok(());
        }
        let advice = advice.map(|advice| format!(" -> {advice}")).unwrap_or_default();
        line(&format!("{:4}  {check:13}  {text}{advice}", verdict.word()))
    }
}

impl Doctor {
    pub(super) fn run(&self, global: &Global, out: Output) -> Result<(), CliError> {
        let (config, _) = open::configuration(global)?;
        let client = Client::new(self.ca_certificate.as_deref())?;
        let mut report = Report { out, findings: Vec::new(), failed: false };
        local::configuration(&mut report, &config)?;
        let keys = local::keys(&mut report, &config)?;
        let newest = match &keys {
            Some(keys) => local::database(&mut report, &config, &keys.symmetric)?,
            None => None,
        };
        local::clock(&mut report, newest)?;
        local::addresses(&mut report, &config, &client)?;
        local::realm(&mut report, &config, &client)?;
        for url in &self.registry {
            match &keys {
                Some(keys) => registry::check(&mut report, &config, &keys.ring, &client, url)?,
                None => report.fail("registry", format!("{url} was not looked at"), "mend the keys first")?,
            }
        }
        if out.is_json() {
            out.list(&[], std::mem::take(&mut report.findings))?;
        }
        if report.failed { Err(CliError::Told(1)) } else { Ok(()) }
    }
}
