//! The addresses of the pages. Robots of a namespace stand below `/robot/<short>`, what concerns several of them below
//! `/robots/`, so that no robot's name can collide with a verb; teams likewise.

use super::view::{Tab, tab_href};
use crate::http::route::RouteError;
use hyper::Method;

/// A page or a form's target. Names are only cut out here; services decide whether they name anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebRoute {
    /// `/`: goes on to the list of organizations.
    Home,
    /// A style sheet, script or icon, named after its content.
    Asset(String),
    /// Signing in.
    SignIn,
    /// Signing out.
    SignOut,
    /// The first user of a new installation.
    Setup,
    /// Remembers how pages are to look: their colours, and how times are written.
    Theme,
    /// The organizations of the signed-in person, and creation of one.
    Organizations,
    /// The form for a new organization.
    NewOrganization,
    /// Repositories of every namespace that the person belongs to.
    Repositories,
    /// One namespace; the query's `tab` says which tab.
    Namespace(String),
    /// Something below a namespace.
    Below(String, NamespacePage),
    /// One repository: namespace and path.
    Repository(String, String),
    /// No page: what a browser is told at an address where there is nothing.
    Missing,
    /// No page: what a browser is told at an address that only takes a form; the methods that it does take.
    FormOnly(&'static str),
}

/// What stands below a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespacePage {
    /// Deletes the organization.
    Delete,
    /// Saves what the tab "Settings" edits.
    Settings,
    /// The form for a new repository.
    NewRepository,
    /// The wizard for a new robot.
    NewRobot,
    /// Deletes one or many robots.
    DeleteRobots,
    /// One robot.
    Robot(String, RobotPage),
    /// The form for a new team.
    NewTeam,
    /// One team.
    Team(String, TeamPage),
    /// Takes people out of all teams and repositories.
    RemoveMembers,
    /// Names that fit what was typed.
    Names,
    /// The form for a new default permission.
    NewDefaultPermission,
    /// Changes or deletes default permissions.
    DefaultPermissions,
    /// Deletes several default permissions.
    DeleteDefaultPermissions,
    /// The form for a new OAuth application.
    NewApplication,
    /// One OAuth application, by client id.
    Application(String),
}

/// What there is to see and do about one robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RobotPage {
    /// Credentials in every client's form; a post shows the secret.
    Credentials,
    /// One of these forms as a file.
    Download,
    /// A new secret.
    Regenerate,
    /// Direct grants on repositories.
    Permissions,
    /// External identities.
    Federation,
    /// What it may do and why, and what happened to it.
    Activity,
}

/// What there is to see and do about one team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamPage {
    /// Its members, its role and description.
    Members,
    /// Its grants on repositories.
    Permissions,
    /// Deletes it.
    Delete,
}

/// Methods of pages that only show, of targets that only change, and of those that do both.
const SHOWS: &str = "GET, HEAD";
const CHANGES: &str = "POST";
const BOTH: &str = "GET, HEAD, POST";

impl WebRoute {
    /// Reads method and path; `None` for a path that is no page's.
    pub fn parse(method: &Method, path: &str) -> Option<Result<Self, RouteError>> {
        let (route, allowed) = Self::of_path(path)?;
        Some(if allowed.split(", ").any(|allowed| allowed == method.as_str()) {
            Ok(route)
        } else {
            Err(RouteError::MethodNotAllowed(allowed))
        })
    }

    fn of_path(path: &str) -> Option<(Self, &'static str)> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match *segments.as_slice() {
            [""] => (Self::Home, SHOWS),
            ["assets", name] => (Self::Asset(word(name)?), SHOWS),
            ["signin"] => (Self::SignIn, BOTH),
            ["signout"] => (Self::SignOut, CHANGES),
            ["setup"] => (Self::Setup, BOTH),
            ["theme"] => (Self::Theme, CHANGES),
            ["organization"] => (Self::Organizations, SHOWS),
            ["organizations", "new"] => (Self::NewOrganization, BOTH),
            ["repository"] => (Self::Repositories, SHOWS),
            ["organization", name] => (Self::Namespace(word(name)?), SHOWS),
            ["organization", name, ref rest @ ..] => {
                let (page, allowed) = NamespacePage::parse(rest)?;
                (Self::Below(word(name)?, page), allowed)
            }
            ["repository", namespace, ref rest @ ..] if !rest.is_empty() => {
                let path: Option<Vec<String>> = rest.iter().map(|segment| word(segment)).collect();
                (Self::Repository(word(namespace)?, path?.join("/")), BOTH)
            }
            _ => return None,
        })
    }

    /// A page to go on to for somebody who was at `here` (path and query): the page itself or, where an address only takes a
    /// form, the one that has the form.
    pub fn page_at(here: &str) -> String {
        let path = here.split('?').next().unwrap_or(here);
        match Self::of_path(path) {
            Some((_, allowed)) if allowed != CHANGES => here.to_owned(),
            Some((Self::Below(name, page), _)) => page.form_page(&name),
            _ => "/".to_owned(),
        }
    }

    /// The label in logs and metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Home => "web_home",
            Self::Asset(_) => "web_asset",
            Self::SignIn => "web_signin",
            Self::SignOut => "web_signout",
            Self::Setup => "web_setup",
            Self::Theme => "web_theme",
            Self::Organizations => "web_organizations",
            Self::NewOrganization => "web_new_organization",
            Self::Repositories => "web_repositories",
            Self::Namespace(_) => "web_namespace",
            Self::Below(_, page) => page.label(),
            Self::Repository(..) => "web_repository",
            Self::Missing => "web_missing",
            Self::FormOnly(_) => "web_form_only",
        }
    }
}

impl NamespacePage {
    fn parse(segments: &[&str]) -> Option<(Self, &'static str)> {
        Some(match *segments {
            ["delete"] => (Self::Delete, BOTH),
            ["settings"] => (Self::Settings, CHANGES),
            ["repositories", "new"] => (Self::NewRepository, BOTH),
            ["robots", "new"] => (Self::NewRobot, BOTH),
            ["robots", "delete"] => (Self::DeleteRobots, BOTH),
            ["robot", short] => (Self::Robot(word(short)?, RobotPage::Credentials), BOTH),
            ["robot", short, "download"] => (Self::Robot(word(short)?, RobotPage::Download), CHANGES),
            ["robot", short, "regenerate"] => (Self::Robot(word(short)?, RobotPage::Regenerate), BOTH),
            ["robot", short, "permissions"] => (Self::Robot(word(short)?, RobotPage::Permissions), BOTH),
            ["robot", short, "federation"] => (Self::Robot(word(short)?, RobotPage::Federation), BOTH),
            ["robot", short, "activity"] => (Self::Robot(word(short)?, RobotPage::Activity), SHOWS),
            ["teams", "new"] => (Self::NewTeam, BOTH),
            ["team", team] => (Self::Team(word(team)?, TeamPage::Members), BOTH),
            ["team", team, "permissions"] => (Self::Team(word(team)?, TeamPage::Permissions), BOTH),
            ["team", team, "delete"] => (Self::Team(word(team)?, TeamPage::Delete), BOTH),
            ["default-permissions", "new"] => (Self::NewDefaultPermission, BOTH),
            ["members", "remove"] => (Self::RemoveMembers, BOTH),
            ["names"] => (Self::Names, SHOWS),
            ["default-permissions", "delete"] => (Self::DeleteDefaultPermissions, BOTH),
            ["default-permissions"] => (Self::DefaultPermissions, CHANGES),
            ["applications", "new"] => (Self::NewApplication, BOTH),
            ["application", client_id] => (Self::Application(word(client_id)?), BOTH),
            _ => return None,
        })
    }

    /// The page with the form that is sent here.
    fn form_page(&self, name: &str) -> String {
        match self {
            Self::Settings => tab_href(name, Tab::Settings),
            Self::DefaultPermissions => tab_href(name, Tab::DefaultPermissions),
            Self::Robot(short, _) => format!("/organization/{name}/robot/{short}"),
            _ => format!("/organization/{name}"),
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Delete => "web_delete_organization",
            Self::Settings => "web_settings",
            Self::NewRepository => "web_new_repository",
            Self::NewRobot => "web_new_robot",
            Self::DeleteRobots => "web_delete_robots",
            Self::Robot(_, RobotPage::Credentials) => "web_robot_credentials",
            Self::Robot(_, RobotPage::Download) => "web_robot_download",
            Self::Robot(_, RobotPage::Regenerate) => "web_robot_regenerate",
            Self::Robot(_, RobotPage::Permissions) => "web_robot_permissions",
            Self::Robot(_, RobotPage::Federation) => "web_robot_federation",
            Self::Robot(_, RobotPage::Activity) => "web_robot_activity",
            Self::NewTeam => "web_new_team",
            Self::Team(_, TeamPage::Members) => "web_team",
            Self::Team(_, TeamPage::Permissions) => "web_team_permissions",
            Self::Team(_, TeamPage::Delete) => "web_delete_team",
            Self::RemoveMembers => "web_remove_members",
            Self::Names => "web_names",
            Self::NewDefaultPermission => "web_new_default_permission",
            Self::DefaultPermissions => "web_default_permissions",
            Self::DeleteDefaultPermissions => "web_delete_default_permissions",
            Self::NewApplication => "web_new_application",
            Self::Application(_) => "web_application",
        }
    }
}

/// A path segment that can be a name: no name in dockpass needs escaping, so an escaped one is not followed.
fn word(segment: &str) -> Option<String> {
    let formed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let dots = segment.bytes().all(|byte| byte == b'.');
    (!dots && segment.len() <= 255 && segment.bytes().all(formed)).then(|| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn get(path: &str) -> Option<WebRoute> {
        WebRoute::parse(&Method::GET, path).and_then(Result::ok)
    }

    #[test]
    fn a_robot_may_be_called_like_a_verb() {
        let robot = |short: &str| {
            let page = NamespacePage::Robot(short.to_owned(), RobotPage::Credentials);
            Some(WebRoute::Below("acme".to_owned(), page))
        };
        for short in ["new", "delete", "robots"] {
            assert_eq!(get(&format!("/organization/acme/robot/{short}")), robot(short));
        }
        let wizard = WebRoute::Below("acme".to_owned(), NamespacePage::NewRobot);
        assert_eq!(get("/organization/acme/robots/new"), Some(wizard));
    }

    #[test]
    fn repositories_have_paths_of_several_parts() {
        let repository = WebRoute::Repository("acme".to_owned(), "team/app".to_owned());
        assert_eq!(get("/repository/acme/team/app"), Some(repository));
        for bad in
            ["/repository/acme/../app", "/repository/acme/", "/repository/a%2fb/c", "/repository/acme//x"]
        {
            assert_eq!(get(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_changes_something_cannot_be_fetched() {
        for path in
            ["/signout", "/theme", "/organization/acme/settings", "/organization/acme/robot/ci/download"]
        {
            let refused = WebRoute::parse(&Method::GET, path);
            assert_eq!(refused, Some(Err(RouteError::MethodNotAllowed("POST"))), "{path}");
        }
        let refused = WebRoute::parse(&Method::PUT, "/signin");
        assert_eq!(refused, Some(Err(RouteError::MethodNotAllowed("GET, HEAD, POST"))));
    }

    #[test]
    fn from_what_only_takes_a_form_one_goes_on_to_the_page_that_has_it() {
        for (here, page) in [
            ("/organization/acme/robot/ci/download", "/organization/acme/robot/ci"),
            ("/organization/acme/settings", "/organization/acme?tab=Settings"),
            ("/organization/acme/default-permissions?x=1", "/organization/acme?tab=Defaultpermissions"),
            ("/signout", "/"),
            ("/organization/acme?tab=Logs&page=2", "/organization/acme?tab=Logs&page=2"),
            ("/nowhere", "/"),
        ] {
            assert_eq!(WebRoute::page_at(here), page);
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "[ -~]{0,80}") {
            let _ = WebRoute::parse(&Method::GET, &path);
        }
    }
}
