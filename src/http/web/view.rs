//! What several pages have in common: tabs, pages of a list, problems with a form, the roles to choose from.

use super::visit::{Refusal, Section, Shell, Visit};
use crate::domain::permission::Role;
use crate::http::error;
use crate::service::error::ServiceError;
use crate::service::namespaces::{self, View};
use crate::store::accounts::AccountKind;
use hyper::StatusCode;
use std::fmt::Write;

/// What a drop-down of roles offers: the value in forms and what people read.
pub const ROLES: [(&str, &str); 4] =
    [("none", "None"), ("read", "Read"), ("write", "Write"), ("admin", "Admin")];

/// What each role means, as help beside the drop-downs.
pub const ROLE_HELP: [(&str, &str); 4] = [
    ("None", "No permissions on the repository"),
    ("Read", "Can view and pull from the repository"),
    ("Write", "Can view, pull, and push to the repository"),
    ("Admin", "Can view, pull, push to and administer the repository"),
];

/// What each role of a team means.
pub const TEAM_ROLE_HELP: [(&str, &str); 3] = [
    ("Admin", "Administers the organization and every repository"),
    ("Member", "Has only what the team is granted on repositories"),
    ("Creator", "May also create repositories"),
];

/// The value in forms for a role or none.
pub fn role_value(role: Option<Role>) -> &'static str {
    role.map_or("none", Role::as_str)
}

/// What people read for a role or none.
pub const fn role_title(role: Option<Role>) -> &'static str {
    match role {
        None => "None",
        Some(Role::Read) => "Read",
        Some(Role::Write) => "Write",
        Some(Role::Admin) => "Admin",
    }
}

/// Whether two texts are the same: templates compare references of all depths.
pub fn is(one: &str, other: &str) -> bool {
    one == other
}

/// Reads the value of a drop-down of roles.
pub fn parse_role(value: &str) -> Result<Option<Role>, Refusal> {
    match value {
        "none" => Ok(None),
        word => Role::parse(word).map(Some).ok_or_else(|| {
            Refusal::Fields(format!("{word:?} is no permission: give none, read, write or admin"))
        }),
    }
}

/// What is wrong with a form that was posted.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What was not done.
    pub title: String,
    /// Why.
    pub text: String,
    /// The id of the field to mend, if it is one.
    pub field: Option<&'static str>,
    /// Whose fault it is: 4xx for the form's, 5xx for ours.
    pub status: StatusCode,
}

impl Problem {
    /// Whether the field with this id is the one to mend.
    pub fn is_about(&self, field: &str) -> bool {
        self.field == Some(field)
    }

    /// What is wrong with one field; empty for the form as a whole.
    pub fn new(title: impl Into<String>, text: impl Into<String>, field: &'static str) -> Self {
        let field = Some(field).filter(|field| !field.is_empty());
        Self { title: title.into(), text: text.into(), field, status: StatusCode::BAD_REQUEST }
    }

    /// Turns what a service refused, or failed to do, into a problem that the form can show with all that was filled in; only
    /// people without the right to the form are sent away from it.
    pub fn of(error: ServiceError, title: impl Into<String>, field: &'static str) -> Result<Self, Refusal> {
        let (text, field, status) = match &error {
            ServiceError::Invalid(_) | ServiceError::Refused(_) | ServiceError::Retired { .. } => {
                (sentence(&error.to_string()), field, StatusCode::BAD_REQUEST)
            }
            ServiceError::NotFound(text) => (sentence(text), field, StatusCode::NOT_FOUND),
            ServiceError::RobotsDisallowed => {
                (format!("Cannot create robot account. {error}"), "", StatusCode::BAD_REQUEST)
            }
            ServiceError::Busy => (sentence(&error.to_string()), "", StatusCode::SERVICE_UNAVAILABLE),
            ServiceError::Store(failed) => {
                tracing::error!(error = ?failed, "a form was not carried out");
                let (status, text) = error::store(failed);
                (sentence(text), "", status)
            }
            ServiceError::Internal(_) => {
                tracing::error!(?error, "a form was not carried out");
                (sentence(error::INTERNAL), "", StatusCode::INTERNAL_SERVER_ERROR)
            }
            ServiceError::Unauthenticated | ServiceError::Forbidden => return Err(error.into()),
        };
        Ok(Self { status, ..Self::new(title, text, field) })
    }

    /// The status of a page with a form: what is wrong with it, if anything is.
    pub fn status(problem: Option<&Self>) -> StatusCode {
        problem.map_or(StatusCode::OK, |problem| problem.status)
    }
}

/// What `aria-sort` says of a column; empty when it is not the one sorted by.
pub fn aria_sort(sorted: bool, descending: bool) -> &'static str {
    match (sorted, descending) {
        (false, _) => "",
        (true, true) => "descending",
        (true, false) => "ascending",
    }
}

/// `text` with a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

/// `count` things: "1 repository", "3 repositories", "No repositories".
pub fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("No {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// A tab of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Repositories.
    Repositories,
    /// Teams of an organization.
    Teams,
    /// Robots.
    Robots,
    /// Default permissions of an organization.
    DefaultPermissions,
    /// OAuth applications of an organization.
    Applications,
    /// What happened.
    Logs,
    /// Settings of the namespace.
    Settings,
}

impl Tab {
    /// All of them, in the order of the tabs.
    pub const EVERY: [Self; 7] = [
        Self::Repositories,
        Self::Teams,
        Self::Robots,
        Self::DefaultPermissions,
        Self::Applications,
        Self::Logs,
        Self::Settings,
    ];

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Repositories => "Repositories",
            Self::Teams => "Teams and membership",
            Self::Robots => "Robot accounts",
            Self::DefaultPermissions => "Default permissions",
            Self::Applications => "OAuth Applications",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
        }
    }

    /// The word in addresses: the title without blanks, as in Quay.
    pub fn key(self) -> String {
        self.title().replace(' ', "")
    }

    /// Reads the word, whatever its case.
    pub fn parse(key: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|tab| tab.key().eq_ignore_ascii_case(key))
    }
}

/// What stands at the top of every page of a namespace.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers one question of the templates")]
pub struct Head {
    /// The namespace's name.
    pub name: String,
    /// Whether it is the person's own.
    pub own: bool,
    /// Whether it is a user's.
    pub user: bool,
    /// The tabs that the person may open.
    pub tabs: Vec<Tab>,
    /// The tab that is open, or that the page belongs to.
    pub tab: Tab,
    /// The page's name in the breadcrumb, when it is not the tab itself.
    pub page: Option<String>,
    /// Whether the person may change everything in it.
    pub administers: bool,
    /// Whether the person may create repositories in it.
    pub creates: bool,
}

impl Head {
    /// Reads the namespace for whoever is there, and checks that the tab is open to them.
    pub fn read(visit: &Visit, name: &str, tab: Tab, page: Option<String>) -> Result<Self, Refusal> {
        let view = namespaces::view(&visit.app, &visit.actor, name)?;
        let head = Self::of(visit, &view, tab, page);
        if head.tabs.contains(&tab) { Ok(head) } else { Err(ServiceError::Forbidden.into()) }
    }

    /// As [`Self::read`], from what was read already.
    pub fn of(visit: &Visit, view: &View, tab: Tab, page: Option<String>) -> Self {
        let user = view.account.kind == AccountKind::User;
        let own = visit.actor.identity().is_some_and(|identity| identity.id == view.account.id);
        let open = |tab: &Tab| match tab {
            Tab::Repositories => true,
            Tab::Teams => !user,
            Tab::DefaultPermissions | Tab::Applications => !user && view.sees_all,
            Tab::Settings => view.administers && (own || !user),
            Tab::Robots | Tab::Logs => view.sees_all,
        };
        Self {
            name: view.account.name.clone(),
            own,
            user,
            tabs: Tab::EVERY.into_iter().filter(open).collect(),
            tab,
            page,
            administers: view.administers,
            creates: view.creates,
        }
    }

    /// Whether the person may see everything in it, as those who administer it and auditors may.
    pub fn sees_all(&self) -> bool {
        self.tabs.contains(&Tab::Logs)
    }

    /// The address of the tab that the page belongs to.
    pub fn tab_href(&self) -> String {
        tab_href(&self.name, self.tab)
    }

    /// What surrounds a page of this namespace.
    pub fn shell(&self, visit: &Visit, title: &str) -> Shell {
        let section = if self.own { Section::Own } else { Section::Organizations };
        visit.shell(format!("{title} · {}", self.name), section)
    }
}

/// The address of a namespace's tab.
pub fn tab_href(namespace: &str, tab: Tab) -> String {
    format!("/organization/{namespace}?tab={}", tab.key())
}

/// Writes a query string: parameters with an empty value are left out. Ends in `?` or `&`, so that one more can be added.
pub fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut separator = if path.contains('?') { '&' } else { '?' };
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(out, "{separator}{name}={}", escape(value));
        separator = '&';
    }
    out.push(separator);
    out
}

/// Escapes a value for a query string.
pub fn escape(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tabs_key_is_its_title_without_blanks_in_any_case() {
        assert_eq!(Tab::Robots.key(), "Robotaccounts");
        for key in ["Robotaccounts", "robotaccounts", "ROBOTACCOUNTS"] {
            assert_eq!(Tab::parse(key), Some(Tab::Robots));
        }
        assert_eq!(Tab::parse("OAuthApplications"), Some(Tab::Applications));
        assert_eq!(Tab::parse("Robot accounts"), None);
    }

    #[test]
    fn addresses_are_escaped_and_leave_empty_parameters_out() {
        let built = address("/organization/acme?tab=Logs", &[("q", "a+b&c"), ("sort", "")]);
        assert_eq!(built, "/organization/acme?tab=Logs&q=a%2Bb%26c&");
        assert_eq!(address("/x", &[]), "/x?");
    }

    #[test]
    fn what_services_say_becomes_a_sentence() {
        assert_eq!(sentence("'name' must not be empty"), "'name' must not be empty.");
        assert_eq!(sentence("the name is taken."), "The name is taken.");
        assert_eq!(sentence(""), ".");
    }
}
