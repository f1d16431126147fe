//! A field for the name of a user, robot or team. The browser offers names: the script fetches those that fit while one types,
//! and without it a button finds them.

use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::error::ServiceError;
use crate::service::pickers::{self, Names};
use askama::Template;

/// A field and what can be picked for it.
pub struct Picker {
    /// The field's name and id.
    pub field: &'static str,
    /// The namespace.
    pub namespace: String,
    /// What was typed or picked.
    pub value: String,
    /// Whether teams can be picked too.
    pub teams: bool,
    /// Names to offer.
    pub names: Names,
    /// Whether they were asked for, and are to be shown.
    pub found: bool,
}

/// A name to offer.
pub struct Offer {
    /// What stands in the field once it is picked.
    pub value: String,
    /// Its test id, as in Quay; empty for users, which have none.
    pub testid: String,
}

impl Picker {
    /// Reads the field: what was typed or, where a button with a found name was pressed, that.
    pub fn read(visit: &Visit, namespace: &str, field: &'static str, teams: bool) -> Result<Self, Refusal> {
        let picked = visit.given(&format!("pick-{field}"))?;
        let value = if picked.is_empty() { visit.given(field)? } else { picked };
        let found = visit.given("find")? == field;
        let text = if found { value } else { "" };
        let names = match pickers::find(&visit.app, &visit.actor, namespace, text) {
            // Whoever administers one repository types names of people and robots without being told them.
            Err(ServiceError::Forbidden) => Names { is_closed: true, ..Names::default() },
            found => found?,
        };
        Ok(Self { field, namespace: namespace.to_owned(), value: value.to_owned(), teams, names, found })
    }

    /// Whether the form was sent to find or pick a name, not to do what it is for.
    pub fn asks(&self, visit: &Visit) -> Result<bool, Refusal> {
        Ok(self.found || !visit.given(&format!("pick-{}", self.field))?.is_empty())
    }

    /// Every name to offer.
    pub fn offers(&self) -> Vec<Offer> {
        offers(&self.names, self.teams)
    }
}

fn offers(names: &Names, teams: bool) -> Vec<Offer> {
    let users = names.users.iter().map(|name| Offer { value: name.clone(), testid: String::new() });
    let robots =
        names.robots.iter().map(|name| Offer { value: name.clone(), testid: format!("{name}-robot-accnt") });
    // A team and a user may be called alike.
    let teams = names
        .teams
        .iter()
        .filter(|_| teams)
        .map(|name| Offer { value: format!("team:{name}"), testid: format!("{name}-team") });
    users.chain(robots).chain(teams).collect()
}

/// The names that fit what was typed, for the script.
#[derive(Template)]
#[template(path = "names.html")]
pub struct NamesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The names.
    pub offers: Vec<Offer>,
}

/// Answers the script.
pub fn names(visit: &Visit, namespace: &str) -> Reply {
    let found = pickers::find(&visit.app, &visit.actor, namespace, visit.asked("q")?)?;
    let offers = offers(&found, !visit.asked("teams")?.is_empty());
    let shell = visit.shell(format!("Names · {namespace}"), super::visit::Section::None);
    visit.page(&NamesPage { shell, offers })
}
