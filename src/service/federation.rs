//! External identities that may act as a robot: shown, set, cleared.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::robots::{administered, find};
use crate::issuers::Rules;
use crate::store::audit::Event;
use crate::store::federation::FederatedIdentity;
use serde_json::json;
use std::collections::HashSet;

/// Most external identities of one robot.
pub const MAX_IDENTITIES: usize = 100;
/// Most bytes of each of an identity's texts.
pub const MAX_TEXT: usize = 2048;

/// The external identities that may act as a robot.
pub fn get(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<Vec<FederatedIdentity>, ServiceError> {
    app.store.read("federation", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        Ok(tx.federation(robot.account.id)?.into_iter().map(|entry| entry.identity).collect())
    })
}

/// Replaces the external identities that may act as a robot.
pub fn set(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    identities: &[FederatedIdentity],
) -> Result<(), ServiceError> {
    check(app.issuers.rules(), identities)?;
    let config: Vec<_> = identities
        .iter()
        .map(|identity| {
            json!({ "issuer": identity.issuer, "subject": identity.subject, "audience": identity.audience })
        })
        .collect();
    replace(
        app,
        actor,
        namespace,
        short,
        identities,
        "create_robot_federation",
        &json!({ "config": config, "robot": short }),
    )
}

/// Lets no external identity act as a robot any more.
pub fn clear(app: &App, actor: &Actor, namespace: &str, short: &str) -> Result<(), ServiceError> {
    replace(app, actor, namespace, short, &[], "delete_robot_federation", &json!({ "robot": short }))
}

fn replace(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    identities: &[FederatedIdentity],
    kind: &str,
    metadata: &serde_json::Value,
) -> Result<(), ServiceError> {
    app.store.write("set federation", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        let robot = find(tx, &owner, short)?.account.id;
        tx.replace_federation(robot, identities)?;
        let event = Event {
            kind,
            namespace: Some(owner.id),
            repository: None,
            robot: Some(robot),
            metadata: metadata.clone(),
        };
        Ok(actor.record(app, tx, &event)?)
    })
}

fn check(rules: &Rules, identities: &[FederatedIdentity]) -> Result<(), ServiceError> {
    let refuse = |text: &str| Err(ServiceError::Invalid(text.to_owned()));
    if identities.len() > MAX_IDENTITIES {
        return refuse(&format!("A robot can have at most {MAX_IDENTITIES} federation config entries"));
    }
    let mut seen = HashSet::new();
    for identity in identities {
        let texts = [&identity.issuer, &identity.subject, &identity.audience];
        if identity.issuer.is_empty() || identity.subject.is_empty() {
            return refuse("Missing one or more required fields (issuer, subject)");
        }
        if texts.iter().any(|text| text.len() > MAX_TEXT || text.chars().any(char::is_control)) {
            return refuse(&format!(
                "Issuer, subject and audience are texts of at most {MAX_TEXT} bytes without control characters"
            ));
        }
        if let Err(refused) = rules.check_issuer(&identity.issuer) {
            return refuse(&refused.to_string());
        }
        if !seen.insert((&identity.issuer, &identity.subject)) {
            return refuse("Duplicate federation config entry");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(issuer: &str, subject: &str) -> FederatedIdentity {
        FederatedIdentity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: "registry.example".to_owned(),
        }
    }

    #[test]
    fn refusals_have_quays_texts() {
        let good = identity("https://idp.example", "repo:acme/app");
        let check = |identities: &[FederatedIdentity]| check(&Rules::default(), identities);
        assert!(check(&[good.clone(), identity("https://idp.example", "other")]).is_ok());
        assert!(check(&[]).is_ok());
        let told = |identities: &[FederatedIdentity]| check(identities).unwrap_err().to_string();
        let missing = "Missing one or more required fields (issuer, subject)";
        assert_eq!(told(&[identity("", "x")]), missing);
        assert_eq!(told(&[identity("https://idp.example", "")]), missing);
        assert_eq!(told(&[identity("ftp://idp", "x")]), "Issuer must be a URL (http:// or https://)");
        assert_eq!(
            told(&[identity("http://idp.example", "x")]),
            "Issuer must be a URL that begins with https://"
        );
        assert!(told(&[identity("https://169.254.169.254", "x")]).contains("private network"));
        assert_eq!(told(&[good.clone(), good]), "Duplicate federation config entry");
    }
}
