//! The tab "Default permissions": what repositories get when they are created in an organization.

use super::notice::Notice;
use super::view::{Head, Problem, Tab, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::default_permissions::{self, Delegate, DelegateName};
use crate::service::error::ServiceError;
use crate::service::robot_pages;
use askama::Template;
use hyper::StatusCode;

/// The tab.
#[derive(Template)]
#[template(path = "defaults.html")]
pub struct DefaultsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Its rules.
    pub rows: Vec<RuleRow>,
}

/// A rule.
pub struct RuleRow {
    /// How it is named in forms.
    pub uuid: String,
    /// Whose repositories it applies to.
    pub creator: String,
    /// Who is granted.
    pub delegate: String,
    /// `team`, `robot` or `user`.
    pub kind: &'static str,
    /// The role's value in forms.
    pub role: &'static str,
}

/// What Quay shows for a rule that applies to everybody's repositories.
const ANYONE: &str = "organization default";

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::DefaultPermissions, None)?;
    let rules = default_permissions::list(&visit.app, &visit.actor, name)?;
    let rows = rules.into_iter().map(|rule| RuleRow {
        creator: rule.activating.map_or_else(|| ANYONE.to_owned(), |account| account.name),
        kind: match &rule.delegate {
            Delegate::Team(_) => "team",
            Delegate::Account(account) if account.name.contains('+') => "robot",
            Delegate::Account(_) => "user",
        },
        delegate: rule.delegate.name().to_owned(),
        role: role_value(Some(rule.role)),
        uuid: rule.uuid,
    });
    let rows = rows.collect();
    let shell = head.shell(visit, "Default permissions");
    visit.page(&DefaultsPage { shell, head, rows })
}

/// The form for a new rule.
#[derive(Template)]
#[template(path = "new_default.html")]
pub struct NewDefaultPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// What was typed before: the creator; empty for anyone.
    pub creator: String,
    /// What was typed before.
    pub delegate: String,
    /// The chosen role's value.
    pub role: String,
    /// Names to pick from.
    pub names: Vec<String>,
    /// Teams to pick from.
    pub teams: Vec<String>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Shows the form, or makes the rule.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head =
        Head::read(visit, namespace, Tab::DefaultPermissions, Some("Create default permission".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let (app, actor) = (&visit.app, &visit.actor);
    let creator = visit.given("creator")?.to_owned();
    let delegate = visit.given("delegate")?.to_owned();
    let role = visit.given("role")?.to_owned();
    let (names, teams) = robot_pages::pickable(app, actor, namespace, 500)?;
    let mut problem = None;
    if visit.form.is_some() {
        let chosen = parse_role(&role)?.ok_or_else(|| Refusal::Fields("choose a permission".to_owned()))?;
        let activating = Some(creator.as_str()).filter(|creator| !creator.is_empty());
        // A team and a user may be called alike: the list offers teams as "team:name".
        let to = match delegate.strip_prefix("team:") {
            Some(team) => DelegateName::Team(team),
            None if teams.contains(&delegate) && !names.contains(&delegate) => DelegateName::Team(&delegate),
            None => DelegateName::Account(&delegate),
        };
        match default_permissions::create(app, actor, namespace, activating, to, chosen) {
            Ok(_) => {
                let said = match activating {
                    Some(creator) => {
                        format!("Successfully created default permission for creator: {creator}")
                    }
                    None => format!("Successfully applied default permission to: {delegate}"),
                };
                return visit.done(&head.tab_href(), &Notice::good(said));
            }
            Err(error) => {
                let field = if error.to_string().contains("activating") { "creator" } else { "delegate" };
                problem = Some(Problem::of(error, "Unable to create the default permission", field)?);
            }
        }
    }
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let role = if role.is_empty() { "read".to_owned() } else { role };
    let shell = head.shell(visit, "Create default permission");
    visit.page_with(status, &NewDefaultPage { shell, head, creator, delegate, role, names, teams, problem })
}

/// Changes or deletes one rule.
pub fn change(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::DefaultPermissions, None)?;
    let (app, actor) = (&visit.app, &visit.actor);
    // The row's two buttons carry the rule's id: `save` and `delete`.
    let (save, delete) = (visit.given("save")?, visit.given("delete")?);
    let said = if delete.is_empty() {
        let role = parse_role(visit.given(&format!("role:{save}"))?)?;
        let role = role.ok_or_else(|| Refusal::Fields("choose a permission".to_owned()))?;
        let changed = default_permissions::set_role(app, actor, namespace, save, role)?;
        format!("Permission updated successfully to: {role} for {}", changed.rule.delegate.name())
    } else {
        default_permissions::delete(app, actor, namespace, delete)?;
        "Successfully deleted default permissions".to_owned()
    };
    visit.done(&head.tab_href(), &Notice::good(said))
}
