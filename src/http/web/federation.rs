//! "Set robot federation": external identities that may act as a robot.

use super::notice::Notice;
use super::view::{Head, Problem, Tab};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::federation;
use crate::store::federation::FederatedIdentity;
use askama::Template;
use hyper::StatusCode;

/// Most identities of one robot on the page.
const MOST: usize = 50;

/// The form.
#[derive(Template)]
#[template(path = "federation.html")]
pub struct FederationPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robot's full name.
    pub full: String,
    /// The robot's name inside the namespace.
    pub short: String,
    /// Issuer and subject of each identity; the last is empty, to be filled in.
    pub entries: Vec<(String, String)>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Shows the form, or saves it.
pub fn page(visit: &Visit, namespace: &str, short: &str) -> Reply {
    let (app, actor) = (&visit.app, &visit.actor);
    let stored = federation::get(app, actor, namespace, short)?;
    let head = Head::read(visit, namespace, Tab::Robots, Some("Set robot federation".to_owned()))?;
    let mut problem = None;
    let mut entries: Vec<(String, String)> =
        stored.iter().map(|identity| (identity.issuer.clone(), identity.subject.clone())).collect();
    if let Some(form) = &visit.form {
        let removed: Vec<&str> = form.all("remove").collect();
        let mut kept = Vec::new();
        for (index, (issuer, subject)) in form.all("issuer").zip(form.all("subject")).enumerate() {
            let (issuer, subject) = (issuer.trim(), subject.trim());
            let emptied = issuer.is_empty() && subject.is_empty();
            if !emptied && !removed.contains(&index.to_string().as_str()) {
                kept.push((issuer.to_owned(), subject.to_owned()));
            }
        }
        entries = kept;
        match save(visit, namespace, short, &stored, &entries) {
            Ok(()) => {
                let here = format!("/organization/{namespace}/robot/{short}/federation");
                return visit.done(&here, &Notice::good("Robot federation config saved"));
            }
            Err(Refusal::Service(error)) => {
                problem = Some(Problem::of(error, "Error saving federation config", "issuer-0")?);
            }
            Err(other) => return Err(other),
        }
    }
    entries.push((String::new(), String::new()));
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let full = format!("{namespace}+{short}");
    let shell = head.shell(visit, &format!("Federation of {full}"));
    let page = FederationPage { shell, head, full, short: short.to_owned(), entries, problem };
    visit.page_with(status, &page)
}

fn save(
    visit: &Visit,
    namespace: &str,
    short: &str,
    stored: &[FederatedIdentity],
    entries: &[(String, String)],
) -> Result<(), Refusal> {
    if entries.len() > MOST {
        return Err(ServiceError::Invalid(format!("at most {MOST} identities can be kept")).into());
    }
    let identities = entries.iter().map(|(issuer, subject)| FederatedIdentity {
        issuer: issuer.clone(),
        subject: subject.clone(),
        // An identity keeps the audience that it has; a new one gets the registry's name.
        audience: stored
            .iter()
            .find(|known| known.issuer == *issuer && known.subject == *subject)
            .map_or_else(|| visit.app.config.server.hostname.clone(), |known| known.audience.clone()),
    });
    let identities: Vec<_> = identities.collect();
    Ok(federation::set(&visit.app, &visit.actor, namespace, short, &identities)?)
}
