//! The tab "Default permissions": what repositories get when they are created in an organization.

use super::notice::Notice;
use super::pager::Pager;
use super::picker::Picker;
use super::view::{Head, Problem, Tab, address, parse_role, role_value};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::service::default_permissions::{self, Delegate, DelegateName, Rule};
use crate::service::error::ServiceError;
use askama::Template;

/// Rules of a page.
const PAGE: usize = 20;

/// The tab.
#[derive(Template)]
#[template(path = "defaults.html")]
pub struct DefaultsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// What is searched for.
    pub q: String,
    /// `page`, `all` or empty: which rows are ticked.
    pub select: String,
    /// Which rules.
    pub pager: Pager,
    /// The rules of this page.
    pub rows: Vec<RuleRow>,
    /// What was wrong with the last try to change one.
    pub problem: Option<Problem>,
}

impl DefaultsPage {
    /// The address with a selection.
    pub fn selecting(&self, select: &str) -> String {
        let base = address(&self.head.tab_href(), &[("q", &self.q), ("select", select)]);
        Pager { base, ..self.pager.clone() }.here()
    }
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

impl From<Rule> for RuleRow {
    fn from(rule: Rule) -> Self {
        Self {
            creator: rule.activating.map_or_else(|| ANYONE.to_owned(), |account| account.name),
            kind: match &rule.delegate {
                Delegate::Team(_) => "team",
                Delegate::Account(account) if account.name.contains('+') => "robot",
                Delegate::Account(_) => "user",
            },
            delegate: rule.delegate.name().to_owned(),
            role: role_value(Some(rule.role)),
            uuid: rule.uuid,
        }
    }
}

/// The rules of an organization whose creator or grantee holds `q`.
fn search(visit: &Visit, name: &str, q: &str) -> Result<Vec<RuleRow>, Refusal> {
    let wanted = q.to_lowercase();
    let rules = default_permissions::list(&visit.app, &visit.actor, name)?.into_iter().map(RuleRow::from);
    Ok(rules.filter(|rule| rule.creator.contains(&wanted) || rule.delegate.contains(&wanted)).collect())
}

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::DefaultPermissions, None)?;
    list(visit, head, None)
}

/// The list, where `problem` says why a rule was not changed.
fn list(visit: &Visit, head: Head, problem: Option<Problem>) -> Reply {
    let (q, select) = (visit.asked("q")?.to_owned(), visit.asked("select")?.to_owned());
    let found = search(visit, &head.name, &q)?;
    let base = address(&head.tab_href(), &[("q", &q), ("select", &select)]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    pager.total = found.len();
    let mut rows: Vec<RuleRow> = found.into_iter().skip(pager.offset()).take(pager.size).collect();
    for row in &mut rows {
        let typed = visit.given(&format!("role:{}", row.uuid))?;
        if problem.is_some() && !typed.is_empty() {
            row.role = role_value(parse_role(typed)?);
        }
    }
    let shell = head.shell(visit, "Default permissions");
    let status = Problem::status(problem.as_ref());
    visit.page_with(status, &DefaultsPage { shell, head, q, select, pager, rows, problem })
}

/// The form for a new rule.
#[derive(Template)]
#[template(path = "new_default.html")]
pub struct NewDefaultPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// Whether it applies to whatever anybody creates.
    pub anyone: bool,
    /// Who creates.
    pub creator: Picker,
    /// Who is granted.
    pub delegate: Picker,
    /// The chosen role's value.
    pub role: String,
    /// Whether robots can be made.
    pub robots_allowed: bool,
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
    let anyone = visit.given("applies")? == "anyone";
    let creator = Picker::read(visit, namespace, "creator", false)?;
    let delegate = Picker::read(visit, namespace, "delegate", true)?;
    let role = visit.given("role")?.to_owned();
    let mut problem = None;
    if visit.form.is_some() && !creator.asks(visit)? && !delegate.asks(visit)? {
        let chosen = parse_role(&role)?.ok_or_else(|| Refusal::Fields("choose a permission".to_owned()))?;
        let activating = Some(creator.value.as_str()).filter(|_| !anyone);
        // A team and a user may be called alike: the list offers teams as "team:name".
        let to = match delegate.value.strip_prefix("team:") {
            Some(team) => DelegateName::Team(team),
            None => DelegateName::Account(&delegate.value),
        };
        match default_permissions::create(app, actor, namespace, activating, to, chosen) {
            Ok(_) => {
                let said = match activating {
                    Some(creator) => {
                        format!("Successfully created default permission for creator: {creator}")
                    }
                    None => format!("Successfully applied default permission to: {}", delegate.value),
                };
                return visit.done(&head.tab_href(), &Notice::good(said));
            }
            Err(error) => {
                let field = if error.to_string().contains("activating") { "creator" } else { "delegate" };
                let title = match activating {
                    Some(creator) => format!("Unable to create default permission for creator: {creator}"),
                    None => format!("Unable to apply default permission to: {}", delegate.value),
                };
                problem = Some(Problem::of(error, title, field)?);
            }
        }
    }
    let status = Problem::status(problem.as_ref());
    let role = if role.is_empty() { "read".to_owned() } else { role };
    let shell = head.shell(visit, "Create default permission");
    let robots_allowed = !app.live.robots().is_disallowed();
    let page = NewDefaultPage { shell, head, anyone, creator, delegate, role, robots_allowed, problem };
    visit.page_with(status, &page)
}

/// Asks whether several rules are to go.
#[derive(Template)]
#[template(path = "delete_defaults.html")]
pub struct DeleteDefaultsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The organization.
    pub head: Head,
    /// The rules.
    pub rows: Vec<RuleRow>,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// Asks, or deletes several rules: the ticked ones, or all that a search finds.
pub fn delete(visit: &Visit, namespace: &str) -> Reply {
    let page = Some("Delete default permissions".to_owned());
    let head = Head::read(visit, namespace, Tab::DefaultPermissions, page)?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let fields = visit.form.as_ref().unwrap_or(&visit.query);
    let all = visit.form.is_none() && !visit.asked("all")?.is_empty();
    let ticked: Vec<&str> = fields.all("rule").collect();
    let found = search(visit, namespace, if all { visit.asked("q")? } else { "" })?;
    let rows: Vec<RuleRow> =
        found.into_iter().filter(|rule| all || ticked.contains(&rule.uuid.as_str())).collect();
    let list = head.tab_href();
    if rows.is_empty() {
        return visit.done(&list, &Notice::bad("Select the default permissions to delete first"));
    }
    let mut problem = None;
    if visit.form.is_some() {
        if visit.given("confirm")? == "confirm" {
            match default_permissions::delete_many(&visit.app, &visit.actor, namespace, &ticked) {
                Ok(()) => {
                    return visit.done(&list, &Notice::good("Successfully deleted default permissions"));
                }
                Err(error) => {
                    problem = Some(Problem::of(error, "Unable to delete default permissions", "")?);
                }
            }
        } else {
            let (title, text) = ("Nothing was deleted", "Type confirm into the field below.");
            problem = Some(Problem::new(title, text, "delete-confirmation-input"));
        }
    }
    let status = Problem::status(problem.as_ref());
    let shell = head.shell(visit, "Delete default permissions");
    visit.page_with(status, &DeleteDefaultsPage { shell, head, rows, problem })
}

/// Changes or deletes one rule.
pub fn change(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::DefaultPermissions, None)?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    let (app, actor) = (&visit.app, &visit.actor);
    // The row's two buttons carry the rule's id: `save` and `delete`.
    let (save, delete) = (visit.given("save")?, visit.given("delete")?);
    let rules = default_permissions::list(app, actor, namespace)?.into_iter().map(RuleRow::from);
    let named = rules.into_iter().find(|rule| rule.uuid == save || rule.uuid == delete);
    let Some(named) = named else {
        return visit.done(&head.tab_href(), &Notice::bad("This default permission was deleted already"));
    };
    let done = if delete.is_empty() {
        let role = parse_role(visit.given(&format!("role:{save}"))?)?;
        let role = role.ok_or_else(|| Refusal::Fields("choose a permission".to_owned()))?;
        default_permissions::set_role(app, actor, namespace, save, role)
            .map(|_| format!("Permission updated successfully to: {role} for {}", named.delegate))
            .map_err(|error| {
                (error, format!("Unable to update permission to: {role} for {}", named.delegate))
            })
    } else {
        default_permissions::delete(app, actor, namespace, delete)
            .map(|()| format!("Permission created by: {} successfully deleted", named.creator))
            .map_err(|error| (error, format!("Unable to delete permissions created by: {}", named.creator)))
    };
    match done {
        Ok(said) => visit.done(&head.tab_href(), &Notice::good(said)),
        Err((error, title)) => {
            let problem = Problem::of(error, title, "")?;
            list(visit, head, Some(problem))
        }
    }
}
