//! "Set robot federation": external identities that may act as a robot.

use super::notice::Notice;
use super::view::{Head, Problem, Tab};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::federation;
use crate::store::federation::FederatedIdentity;
use askama::Template;

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
    /// The identities; the last is empty, to be filled in.
    pub entries: Vec<Entry>,
    /// The audience that stands for an empty one.
    pub usual_audience: String,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// An identity as the form has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who vouches for it.
    pub issuer: String,
    /// Whom it vouches for.
    pub subject: String,
    /// Whom its tokens must be made for; empty: this registry.
    pub audience: String,
}

impl From<&FederatedIdentity> for Entry {
    fn from(identity: &FederatedIdentity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            audience: identity.audience.clone(),
        }
    }
}

/// Shows the form, or saves it.
pub fn page(visit: &Visit, namespace: &str, short: &str) -> Reply {
    let (app, actor) = (&visit.app, &visit.actor);
    let stored = federation::get(app, actor, namespace, short)?;
    let head = Head::read(visit, namespace, Tab::Robots, Some("Set robot federation".to_owned()))?;
    let mut problem = None;
    let mut entries: Vec<Entry> = stored.iter().map(Entry::from).collect();
    if let Some(form) = &visit.form {
        let removed: Vec<&str> = form.all("remove").collect();
        let audiences = form.all("audience").chain(std::iter::repeat(""));
        let given = form.all("issuer").zip(form.all("subject")).zip(audiences).map(
            |((issuer, subject), audience)| {
                let [issuer, subject, audience] =
                    [issuer, subject, audience].map(|text| text.trim().to_owned());
                Entry { issuer, subject, audience }
            },
        );
        let kept = given.enumerate().filter(|(index, entry)| {
            let emptied = entry.issuer.is_empty() && entry.subject.is_empty();
            !emptied && !removed.contains(&index.to_string().as_str())
        });
        entries = kept.map(|(_, entry)| entry).collect();
        match save(visit, namespace, short, &entries) {
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
    entries.push(Entry::default());
    let status = Problem::status(problem.as_ref());
    let full = format!("{namespace}+{short}");
    let shell = head.shell(visit, &format!("Federation of {full}"));
    let usual_audience = app.config.server.hostname.clone();
    let page =
        FederationPage { shell, head, full, short: short.to_owned(), entries, usual_audience, problem };
    visit.page_with(status, &page)
}

fn save(visit: &Visit, namespace: &str, short: &str, entries: &[Entry]) -> Result<(), Refusal> {
    if entries.len() > MOST {
        return Err(ServiceError::Invalid(format!("at most {MOST} identities can be kept")).into());
    }
    let usual = &visit.app.config.server.hostname;
    let identities = entries.iter().map(|entry| FederatedIdentity {
        issuer: entry.issuer.clone(),
        subject: entry.subject.clone(),
        audience: if entry.audience.is_empty() { usual.clone() } else { entry.audience.clone() },
    });
    let identities: Vec<_> = identities.collect();
    Ok(federation::set(&visit.app, &visit.actor, namespace, short, &identities)?)
}
