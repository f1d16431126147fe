//! Repositories: of everything the person belongs to, of one namespace, and one with who may use it.

use super::moment::Moment;
use super::notice::Notice;
use super::pager::Pager;
use super::picker::Picker;
use super::view::{Head, Problem, Tab, address, parse_role, role_title, role_value, tab_href};
use super::visit::{Refusal, Reply, Section, Shell, Visit};
use crate::domain::name::RepositoryName;
use crate::domain::permission::Visibility;
use crate::http::reply::Body;
use crate::service::error::ServiceError;
use crate::service::{namespaces, permissions, repositories};
use crate::store::repositories::Repository;
use askama::Template;
use hyper::Response;

/// Rows of a page.
const PAGE: usize = 50;
/// Repositories of one namespace on the page that lists every namespace.
const FIRST: usize = 20;

/// A repository in a list.
pub struct RepositoryRow {
    /// Its namespace.
    pub namespace: String,
    /// Its path below the namespace.
    pub name: String,
    /// Whether everybody may pull it.
    pub public: bool,
    /// What may be written, where that is not everything.
    pub state: &'static str,
    /// What people wrote about it.
    pub description: String,
    /// When it was made.
    pub created: Moment,
}

fn row(visit: &Visit, namespace: &str, repository: Repository) -> RepositoryRow {
    use crate::domain::permission::RepositoryState;
    RepositoryRow {
        namespace: namespace.to_owned(),
        name: repository.name,
        public: repository.visibility == Visibility::Public,
        state: match repository.state {
            RepositoryState::Normal => "",
            RepositoryState::ReadOnly => "Read only",
            RepositoryState::Mirror => "Mirror",
        },
        description: repository.description,
        created: Moment::new(repository.created_at, visit.app.now()),
    }
}

/// Every namespace of the person with its first repositories.
#[derive(Template)]
#[template(path = "repositories.html")]
pub struct RepositoriesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What was searched for.
    pub q: String,
    /// Namespaces with their repositories and how many there are.
    pub groups: Vec<(String, Vec<RepositoryRow>, usize)>,
}

/// The list over all namespaces.
pub fn all(visit: &Visit) -> Reply {
    let person = visit.person()?.to_owned();
    let q = visit.asked("q")?.to_owned();
    let organizations = namespaces::organizations(&visit.app, &visit.actor)?;
    let names = std::iter::once(person).chain(organizations.into_iter().map(|found| found.account.name));
    let mut groups = Vec::new();
    for name in names {
        let (found, total) = namespaces::repositories(&visit.app, &visit.actor, &name, &q, 0, FIRST)?;
        if total > 0 {
            let rows = found.into_iter().map(|repository| row(visit, &name, repository)).collect();
            groups.push((name, rows, total));
        }
    }
    let shell = visit.shell("Repositories", Section::Repositories);
    visit.page(&RepositoriesPage { shell, q, groups })
}

/// The tab of one namespace.
#[derive(Template)]
#[template(path = "namespace_repositories.html")]
pub struct TabPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// What was searched for.
    pub q: String,
    /// Which rows.
    pub pager: Pager,
    /// The rows of this page.
    pub rows: Vec<RepositoryRow>,
}

/// The tab.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Repositories, None)?;
    let q = visit.asked("q")?.to_owned();
    let base = address(&head.tab_href(), &[("q", &q)]);
    let mut pager = Pager::read(visit, PAGE, base)?;
    let (offset, size) = (pager.offset(), pager.size);
    let (found, total) = namespaces::repositories(&visit.app, &visit.actor, name, &q, offset, size)?;
    pager.total = total;
    let rows = found.into_iter().map(|repository| row(visit, name, repository)).collect();
    let shell = head.shell(visit, "Repositories");
    visit.page(&TabPage { shell, head, q, pager, rows })
}

/// The form for a new repository.
#[derive(Template)]
#[template(path = "new_repository.html")]
pub struct NewRepositoryPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub description: String,
    /// The chosen visibility.
    pub public: bool,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

fn visibility(visit: &Visit) -> Result<Visibility, Refusal> {
    Ok(if visit.given("visibility")? == "public" { Visibility::Public } else { Visibility::Private })
}

/// Shows the form, or makes the repository.
pub fn create(visit: &Visit, namespace: &str) -> Reply {
    let head = Head::read(visit, namespace, Tab::Repositories, Some("Create repository".to_owned()))?;
    let (name, description) = (visit.given("name")?.to_owned(), visit.given("description")?.to_owned());
    let visibility = visibility(visit)?;
    let mut problem = None;
    if visit.form.is_some() {
        let made = repositories::parse_name(&format!("{namespace}/{name}"))
            .and_then(|full| repositories::create(&visit.app, &visit.actor, &full, visibility, &description));
        match made {
            Ok(_) => {
                let notice = Notice::good(format!("Successfully created repository: {namespace}/{name}"));
                return visit.done(&format!("/repository/{namespace}/{name}"), &notice);
            }
            Err(error) => problem = Some(Problem::of(error, "The repository was not created", "name")?),
        }
    }
    let status = Problem::status(problem.as_ref());
    let public = visibility == Visibility::Public;
    let shell = head.shell(visit, "Create repository");
    visit.page_with(status, &NewRepositoryPage { shell, head, name, description, public, problem })
}

/// One repository.
#[derive(Template)]
#[template(path = "repository.html")]
pub struct RepositoryPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its namespace.
    pub namespace: String,
    /// The repository.
    pub row: RepositoryRow,
    /// The registry's host.
    pub registry: String,
    /// Who may use it; `None` for those who do not administer it.
    pub access: Option<Access>,
    /// What was wrong with the last try to change it.
    pub problem: Option<Problem>,
}

/// Who may use a repository.
pub struct Access {
    /// Users, robots and teams (`team:name`) with the role's value in forms.
    pub rows: Vec<(String, &'static str)>,
    /// Who is to be added.
    pub picker: Picker,
    /// What is granted to whoever is added.
    pub new_role: &'static str,
    /// Whether the person may make a robot to be granted something.
    pub robots_allowed: bool,
}

/// Shows one repository, or changes it.
pub fn one(visit: &Visit, namespace: &str, path: &str) -> Reply {
    visit.person()?;
    let full = RepositoryName::parse(&format!("{namespace}/{path}")).ok_or(Refusal::NotFound)?;
    let (_, repository) = repositories::get(&visit.app, &visit.actor, &full)?;
    let picker = Picker::read(visit, namespace, "who", true)?;
    let mut problem = None;
    if visit.form.is_some() && !picker.asks(visit)? {
        match change(visit, &full, &picker.value)? {
            Ok(response) => return Ok(response),
            Err(wrong) => problem = Some(wrong),
        }
    }
    let access = match permissions::list(&visit.app, &visit.actor, &full) {
        Ok(accounts) => {
            let teams =
                visit.app.store.read::<_, crate::store::StoreError>("teams of a repository", |tx| {
                    tx.team_grantees(repository.id)
                })?;
            let accounts = accounts.into_iter().map(|(account, role)| (account.name, role_value(Some(role))));
            let teams =
                teams.into_iter().map(|(name, role)| (format!("team:{name}"), role_value(Some(role))));
            let new_role = role_value(parse_role(match visit.given("role")? {
                "" => "read",
                role => role,
            })?);
            let mut rows: Vec<_> = accounts.chain(teams).collect();
            for (name, role) in &mut rows {
                if problem.is_some() && *name == picker.value {
                    *role = new_role;
                }
            }
            let robots_allowed = !picker.names.is_closed && !visit.app.live.robots().is_disallowed();
            Some(Access { rows, picker, new_role, robots_allowed })
        }
        Err(ServiceError::Forbidden) => None,
        Err(other) => return Err(other.into()),
    };
    let shell = visit.shell(format!("{namespace}/{path}"), Section::Repositories);
    let page = RepositoryPage {
        shell,
        namespace: namespace.to_owned(),
        row: row(visit, namespace, repository),
        registry: visit.app.config.server.hostname.clone(),
        access,
        problem,
    };
    visit.page_with(Problem::status(page.problem.as_ref()), &page)
}

fn change(
    visit: &Visit,
    full: &RepositoryName,
    who: &str,
) -> Result<Result<Response<Body>, Problem>, Refusal> {
    let (app, actor) = (&visit.app, &visit.actor);
    let mut here = format!("/repository/{full}");
    let mut title = "Failed to update repository";
    let done = match visit.given("action")? {
        "permission" => {
            title = "Failed to update repository permission";
            let role = parse_role(visit.given("role")?)?;
            match (role, who.strip_prefix("team:")) {
                (Some(role), None) => permissions::set(app, actor, full, who, role).map(drop),
                (Some(role), Some(team)) => permissions::set_team(app, actor, full, team, role),
                (None, None) => permissions::unset(app, actor, full, who),
                (None, Some(team)) => permissions::unset_team(app, actor, full, team),
            }
            .map(|()| format!("Permission of {}: {}", who.replace("team:", "team "), role_title(role)))
        }
        "visibility" => {
            let visibility = visibility(visit)?;
            repositories::set_visibility(app, actor, full, visibility)
                .map(|_| format!("The repository is {visibility} now"))
        }
        "description" => repositories::set_description(app, actor, full, visit.given("description")?)
            .map(|_| "Description saved".to_owned()),
        "delete" if visit.given("confirm")? == full.name() => {
            title = "Failed to delete repository";
            here = tab_href(full.namespace().as_str(), Tab::Repositories);
            repositories::delete(app, actor, full)
                .map(|()| format!("Successfully deleted repository: {full}"))
        }
        "delete" => {
            title = "Nothing was deleted";
            Err(ServiceError::Invalid(format!("Type {} to confirm the deletion", full.name())))
        }
        _ => return Err(Refusal::Fields("there is no such action".to_owned())),
    };
    match done {
        Ok(said) => visit.done(&here, &Notice::good(said)).map(Ok),
        Err(error) => Ok(Err(Problem::of(error, title, "")?)),
    }
}
