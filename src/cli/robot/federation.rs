//! `dockpass robot federation`: who outside may act as a robot without its secret.

use super::super::admin::Session;
use super::super::error::CliError;
use super::super::parse;
use super::super::prompt::{self, Consent};
use super::absent;
use crate::domain::name::RobotName;
use crate::service::federation;
use crate::store::federation::FederatedIdentity;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

const SET_EXAMPLES: &str = "\
Examples:
  dockpass robot federation set acme+ci --issuer https://token.actions.githubusercontent.com \\
    --subject repo:acme/app:ref:refs/heads/main
  dockpass --output json robot federation show acme+ci | dockpass robot federation set acme+cd --stdin";

#[derive(Debug, Subcommand)]
pub(in super::super) enum Federation {
    /// Show the external identities that may act as a robot.
    Show {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
    },
    /// Replace the external identities that may act as a robot.
    #[command(after_help = SET_EXAMPLES)]
    Set {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
        #[command(flatten)]
        given: Given,
    },
    /// Let no external identity act as a robot any more. What it was given in exchange is refused from then on.
    Clear {
        /// ORGANIZATION+NAME.
        #[arg(value_parser = parse::robot)]
        name: RobotName,
        #[command(flatten)]
        consent: Consent,
    },
}

/// One identity, or any number of them.
#[derive(Args, Debug)]
#[group(skip)]
pub(in super::super) struct Given {
    /// Who vouches for it: the `iss` of its tokens.
    #[arg(long, value_name = "URL", requires = "subject", required_unless_present = "stdin")]
    issuer: Option<String>,
    /// Whom it vouches for: the `sub` of its tokens.
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    subject: Option<String>,
    /// Whom its tokens must be made for: their `aud`. SERVER_HOSTNAME unless given.
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    audience: Option<String>,
    /// Read a JSON array of objects with these three as members from standard input.
    #[arg(long, conflicts_with_all = ["issuer", "subject", "audience"])]
    stdin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    issuer: String,
    subject: String,
    audience: Option<String>,
}

impl Given {
    fn read(self) -> Result<Vec<Identity>, CliError> {
        if let (Some(issuer), Some(subject)) = (self.issuer, self.subject) {
            return Ok(vec![Identity { issuer, subject, audience: self.audience }]);
        }
        let text = prompt::stdin()?;
        serde_json::from_str(&text)
            .map_err(|error| CliError::Usage(format!("standard input is no list of identities: {error}")))
    }
}

impl Federation {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Show { name } => {
                let found = federation::get(app, actor, name.namespace().as_str(), name.short())
                    .map_err(|error| absent(error, &name))?;
                let columns = [("ISSUER", "issuer"), ("SUBJECT", "subject"), ("AUDIENCE", "audience")];
                out.list(&columns, found.iter().map(view).collect())
            }
            Self::Set { name, given } => {
                let own = &app.config.server.hostname;
                let identity = |Identity { issuer, subject, audience }| {
                    let audience = audience.filter(|text| !text.is_empty()).unwrap_or_else(|| own.clone());
                    FederatedIdentity { issuer, subject, audience }
                };
                let identities: Vec<_> = given.read()?.into_iter().map(identity).collect();
                federation::set(app, actor, name.namespace().as_str(), name.short(), &identities)
                    .map_err(|error| absent(error, &name))?;
                let count = identities.len();
                let whom = if count == 1 { "identity" } else { "identities" };
                let message = format!("{count} external {whom} may act as {name}.");
                out.done(&message, &changed(&name, &identities))
            }
            Self::Clear { name, consent } => {
                consent.require(&format!("Let no external identity act as {name} any more?"))?;
                federation::clear(app, actor, name.namespace().as_str(), name.short())
                    .map_err(|error| absent(error, &name))?;
                out.done(&format!("No external identity may act as {name}."), &changed(&name, &[]))
            }
        }
    }
}

fn view(identity: &FederatedIdentity) -> Value {
    let FederatedIdentity { issuer, subject, audience } = identity;
    json!({ "issuer": issuer, "subject": subject, "audience": audience })
}

fn changed(name: &RobotName, identities: &[FederatedIdentity]) -> Value {
    json!({ "name": name.as_str(), "federation": identities.iter().map(view).collect::<Vec<_>>() })
}
