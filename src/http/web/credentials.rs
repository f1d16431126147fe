//! A robot's credentials: masked until they are asked for by a post, which the audit trail keeps; shown at once in the
//! answer that made them; as files; and a new secret.

use super::notice::Notice;
use super::view::{Head, Problem, Tab};
use super::visit::{Refusal, Reply, Shell, Visit};
use crate::config::RobotTokenDisplay;
use crate::domain::credential::{RobotSecret, Secret};
use crate::domain::name::RobotName;
use crate::domain::time::Timestamp;
use crate::http::reply;
use crate::service::credentials::{Format, KeyScope, Login, Tool};
use crate::service::error::ServiceError;
use crate::service::{robot_pages, robots};
use crate::store::robots::Robot;
use askama::Template;
use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};

/// Stands where a secret would.
const MASK: &str = "••••••••••••••••";

/// The one form that is no text: an archive for Mesos.
const MESOS: &str = "mesos";

/// The credentials in every form.
#[derive(Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robot's full name.
    pub full: String,
    /// The robot's name inside the namespace.
    pub short: String,
    /// What people wrote about it.
    pub description: String,
    /// What was just done, if this is the answer to it.
    pub said: Option<String>,
    /// Whether the robot was just made.
    pub created: bool,
    /// The secret, when it is shown.
    pub token: Option<String>,
    /// Whether the secret can be shown again later.
    pub kept: bool,
    /// The registry's host.
    pub registry: String,
    /// What the files are to be used for: `organization` or `registry`.
    pub scope: &'static str,
    /// The key in the files, which the scope decides.
    pub key: String,
    /// Everything that is shown.
    pub forms: Forms,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// The forms that clients take. Where the secret is not shown they hold a mask.
pub struct Forms {
    /// Logs podman in.
    pub podman: String,
    /// As above, by a line that brings the secret.
    pub podman_line: String,
    /// Logs Docker in.
    pub docker: String,
    /// As above, by a line that brings the secret.
    pub docker_line: String,
    /// Docker's configuration file.
    pub config: String,
    /// Its name.
    pub config_file: String,
    /// Moves it to where Docker reads it.
    pub config_move: String,
    /// The Kubernetes secret.
    pub kubernetes: String,
    /// Its file's name.
    pub kubernetes_file: String,
    /// Gives it to the cluster.
    pub kubernetes_submit: String,
    /// A pod that uses it.
    pub pod: String,
    /// The file that podman's line is downloaded as.
    pub podman_file: String,
    /// The file that Docker's line is downloaded as.
    pub docker_file: String,
    /// The file with name and secret as variables.
    pub environment_file: String,
    /// Copies the archive for Mesos.
    pub mesos_copy: String,
    /// The archive's name.
    pub mesos_archive: String,
    /// The member of a Marathon application.
    pub mesos_uris: String,
}

impl Forms {
    fn new(login: &Login<'_>, scope: KeyScope) -> Self {
        Self {
            podman: login.login_command(Tool::Podman),
            podman_line: login.login_line(Tool::Podman).expose().to_owned(),
            docker: login.login_command(Tool::Docker),
            docker_line: login.login_line(Tool::Docker).expose().to_owned(),
            config: login.docker_config(scope).expose().to_owned(),
            config_file: Format::DockerConfig.file_name(login),
            config_move: login.docker_config_move(),
            kubernetes: login.kubernetes_secret(scope).expose().to_owned(),
            kubernetes_file: Format::KubernetesSecret.file_name(login),
            kubernetes_submit: login.kubernetes_submit(),
            pod: login.kubernetes_pod(),
            podman_file: Format::Podman.file_name(login),
            docker_file: Format::Docker.file_name(login),
            environment_file: Format::Env.file_name(login),
            mesos_copy: login.mesos_copy(),
            mesos_archive: login.mesos_archive(),
            mesos_uris: login.mesos_uris(),
        }
    }

    /// The forms with a mask in place of everything that the secret goes into.
    fn masked(login: &Login<'_>, scope: KeyScope) -> Self {
        let key = login.key(scope);
        Self {
            podman_line: String::new(),
            docker_line: String::new(),
            config: format!(
                "{{\n  \"auths\": {{\n    \"{key}\": {{\n      \"auth\": \"{MASK}\",\n      \"email\": \"\"\n    }}\n  }}\n}}"
            ),
            kubernetes: format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ndata:\n  .dockerconfigjson: {MASK}\n\
                 type: kubernetes.io/dockerconfigjson",
                login.pull_secret_name()
            ),
            ..Self::new(login, scope)
        }
    }
}

/// What the answer that made a secret says beside it.
pub struct Fresh {
    /// What was done.
    pub said: String,
    /// Whether the robot was made, too.
    pub created: bool,
}

fn kept(visit: &Visit) -> bool {
    visit.app.config.robots.token_display == RobotTokenDisplay::Always
}

fn scope(visit: &Visit) -> Result<KeyScope, Refusal> {
    let (posted, asked) = (visit.given("scope")?, visit.asked("scope")?);
    let word = if posted.is_empty() { asked } else { posted };
    Ok(KeyScope::parse(word).unwrap_or(KeyScope::Organization))
}

fn full_name(namespace: &str, short: &str) -> Result<RobotName, Refusal> {
    RobotName::parse(&format!("{namespace}+{short}")).ok_or_else(|| super::not_found(robots::NOT_FOUND))
}

/// The page that answers what made a secret.
pub fn fresh(visit: &Visit, namespace: &str, robot: &Robot, secret: &Secret, fresh: &Fresh) -> Reply {
    show(visit, namespace, robot, Some(secret), Some(fresh))
}

fn show(
    visit: &Visit,
    namespace: &str,
    robot: &Robot,
    secret: Option<&Secret>,
    fresh: Option<&Fresh>,
) -> Reply {
    let full = robot.account.name.clone();
    let short = full.split_once('+').map_or("", |(_, short)| short).to_owned();
    let name = full_name(namespace, &short)?;
    let head = Head::read(visit, namespace, Tab::Robots, Some(full.clone()))?;
    let (scope, registry) = (scope(visit)?, visit.app.config.server.hostname.clone());
    let nothing = Secret::new(MASK);
    let login = Login { registry: &registry, robot: &name, secret: secret.unwrap_or(&nothing) };
    let forms = if secret.is_some() { Forms::new(&login, scope) } else { Forms::masked(&login, scope) };
    let key = login.key(scope);
    let page = CredentialsPage {
        shell: head.shell(visit, &format!("Credentials for {full}")),
        head,
        full,
        short,
        description: robot.description.clone(),
        said: fresh.map(|fresh| fresh.said.clone()),
        created: fresh.is_some_and(|fresh| fresh.created),
        token: secret.map(|secret| secret.expose().to_owned()),
        kept: kept(visit),
        scope: scope.as_str(),
        key,
        registry,
        forms,
        problem: None,
    };
    visit.page(&page)
}

/// The secret that a form on a page with the secret sent back: so that its other forms can be had where it is not kept.
fn sent_back(visit: &Visit) -> Result<Option<Secret>, Refusal> {
    let token = visit.given("token")?;
    if token.is_empty() {
        return Ok(None);
    }
    let formed = RobotSecret::parse(token).map(|secret| Secret::new(secret.expose()));
    formed.map(Some).ok_or_else(|| Refusal::Fields("the token is malformed".to_owned()))
}

/// The secret that is kept, noting that it was asked for.
fn reveal(visit: &Visit, namespace: &str, short: &str, form: &str) -> Result<(Robot, Secret), Refusal> {
    visit.require_fresh()?;
    let (robot, secret) = robots::get(&visit.app, &visit.actor, namespace, short)?;
    let gone = "This token was shown once and is not kept. Regenerate it to get a new one";
    let secret = secret.ok_or_else(|| ServiceError::Refused(gone.to_owned()))?;
    robot_pages::note_shown(&visit.app, &visit.actor, namespace, short, form)?;
    Ok((robot, secret))
}

/// Shows the forms, masked; a post shows them with the secret.
pub fn page(visit: &Visit, namespace: &str, short: &str) -> Reply {
    if visit.form.is_none() {
        let (robot, _) = robots::get(&visit.app, &visit.actor, namespace, short)?;
        if !visit.asked("reveal")?.is_empty() {
            // Comes back here from the question for the password.
            visit.require_fresh()?;
        }
        return show(visit, namespace, &robot, None, None);
    }
    if let Some(secret) = sent_back(visit)? {
        let (robot, _) = robots::get(&visit.app, &visit.actor, namespace, short)?;
        return show(visit, namespace, &robot, Some(&secret), None);
    }
    match reveal(visit, namespace, short, "page") {
        Err(Refusal::Stale) => {
            Ok(reply::redirect_303(&format!("/organization/{namespace}/robot/{short}?reveal=1")))
        }
        other => {
            let (robot, secret) = other?;
            show(visit, namespace, &robot, Some(&secret), None)
        }
    }
}

/// One of the forms as a file.
pub fn download(visit: &Visit, namespace: &str, short: &str) -> Reply {
    let word = visit.given("format")?;
    let format = Format::parse(word);
    if format.is_none() && word != MESOS {
        return Err(Refusal::Fields("there is no such format".to_owned()));
    }
    let secret = match sent_back(visit)? {
        Some(secret) => {
            // Whoever may not see this robot gets no file about it either.
            robots::get(&visit.app, &visit.actor, namespace, short)?;
            secret
        }
        None => match reveal(visit, namespace, short, word) {
            Err(Refusal::Stale) => {
                return Ok(reply::redirect_303(&format!("/organization/{namespace}/robot/{short}?reveal=1")));
            }
            other => other?.1,
        },
    };
    let name = full_name(namespace, short)?;
    let login = Login { registry: &visit.app.config.server.hostname, robot: &name, secret: &secret };
    let (content, file) = match format {
        Some(format) => {
            let content = login.render(format, scope(visit)?).expose().as_bytes().to_vec();
            (content, format.file_name(&login))
        }
        None => (login.mesos_credentials().to_vec(), login.mesos_archive()),
    };
    let mut response = reply::with_type(StatusCode::OK, "application/octet-stream", content);
    reply::no_store(&mut response);
    let disposition = format!("attachment; filename=\"{file}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Asks whether a new secret is meant.
#[derive(Template)]
#[template(path = "regenerate.html")]
pub struct RegeneratePage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robot's full name.
    pub full: String,
    /// The robot's name inside the namespace.
    pub short: String,
    /// The generation that is replaced.
    pub generation: i64,
    /// When it last logged in.
    pub accessed: Option<super::moment::Moment>,
}

/// Asks, or makes a new secret.
pub fn regenerate(visit: &Visit, namespace: &str, short: &str) -> Reply {
    visit.require_fresh()?;
    let (robot, generation) = robot_pages::generation(&visit.app, &visit.actor, namespace, short)?;
    let head = Head::read(visit, namespace, Tab::Robots, Some("Regenerate token".to_owned()))?;
    if !head.administers {
        return Err(ServiceError::Forbidden.into());
    }
    if visit.form.is_none() {
        let now = visit.app.now();
        let accessed =
            robot.account.last_accessed_at.map(|at: Timestamp| super::moment::Moment::new(at, now));
        let full = robot.account.name;
        let shell = head.shell(visit, &format!("Regenerate token of {full}"));
        return visit.page(&RegeneratePage {
            shell,
            head,
            full,
            short: short.to_owned(),
            generation,
            accessed,
        });
    }
    if visit.given("generation")? != generation.to_string() {
        let notice = Notice::bad(
            "The token was regenerated already, by this form or by somebody else. Regenerate it again only if nobody has \
             the new one",
        );
        return visit.done(&format!("/organization/{namespace}/robot/{short}"), &notice);
    }
    let (robot, secret) = robots::regenerate(&visit.app, &visit.actor, namespace, short)?;
    let said =
        format!("Successfully regenerated the token of {}; the old one no longer works", robot.account.name);
    fresh(visit, namespace, &robot, &secret, &Fresh { said, created: false })
}
