//! Repositories (`/repository`): registered, listed, described, opened and closed, forgotten.

use super::call::{Answer, Call, created, no_content, ok};
use super::schema::{Schema, optional, required};
use super::table::{INCLUDE_TAGS, LAST_MODIFIED, NAMESPACE, NEXT_PAGE, POPULARITY, PUBLIC, STARRED};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::permission::{RepositoryState, Visibility};
use crate::http::error::Refusal;
use crate::service::error::ServiceError;
use crate::service::repositories;
use crate::store::accounts::AccountKind;
use crate::store::repositories::{Repository, RepositoryId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const VISIBILITY: Schema = Schema::Word(&["public", "private"]);

/// The body that registers a repository.
pub(super) const NEW_REPOSITORY: Schema = Schema::Record(&[
    required("repository", Schema::Text(255), "The path below the namespace."),
    required("visibility", VISIBILITY, "Who may pull without a grant."),
    required("description", Schema::Text(MAX_DESCRIPTION), "What people are told about it; may be empty."),
    optional("namespace", Schema::OptionalText(255), "The namespace; the calling user's own if absent."),
    optional("repo_kind", Schema::OptionalText(255), "`image`, the only kind there is."),
]);
/// The body that describes a repository.
pub(super) const DESCRIPTION: Schema = Schema::Record(&[required(
    "description",
    Schema::Text(MAX_DESCRIPTION),
    "What people are told about the repository.",
)]);
/// The body that opens or closes a repository.
pub(super) const CHANGE_VISIBILITY: Schema =
    Schema::Record(&[required("visibility", VISIBILITY, "Who may pull without a grant.")]);
/// The body that changes what may be written.
pub(super) const CHANGE_STATE: Schema = Schema::Record(&[required(
    "state",
    Schema::Word(&["NORMAL", "READ_ONLY", "MIRROR"]),
    "What may be written to the repository at all.",
)]);
/// Most characters of a description: as much as a request may hold, less what else it holds.
const MAX_DESCRIPTION: usize = 60_000;
/// Repositories on one page of a list.
const PAGE: usize = 100;

/// Reads the repository in a path.
pub(super) fn named(text: &str) -> Result<RepositoryName, Refusal> {
    Ok(repositories::parse_name(text)?)
}

#[derive(Deserialize)]
struct NewRepositoryBody {
    repository: String,
    visibility: Visibility,
    description: String,
    namespace: Option<String>,
    repo_kind: Option<String>,
}

/// Registers a repository.
pub(super) fn create(call: &Call) -> Answer {
    let body: NewRepositoryBody = call.body()?;
    if body.repo_kind.as_deref().is_some_and(|kind| kind != "image") {
        return Err(
            ServiceError::Invalid("Only repositories of the kind image can be made".to_owned()).into()
        );
    }
    let own = call.actor.identity().map(|identity| identity.name.as_str());
    let nowhere = || ServiceError::Invalid("Must provide a namespace or must be logged in.".to_owned());
    let namespace = body.namespace.as_deref().or(own).ok_or_else(nowhere)?;
    call.actor.require_account()?;
    let invalid = || ServiceError::Invalid("Invalid repository name".to_owned());
    let name = Namespace::parse(namespace)
        .ok()
        .and_then(|namespace| RepositoryName::new(namespace, &body.repository))
        .ok_or_else(invalid)?;
    repositories::create(&call.app, &call.actor, &name, body.visibility, &body.description)?;
    created(&json!({ "namespace": name.namespace().as_str(), "name": name.name(), "kind": "image" }))
}

#[derive(Serialize)]
struct Listed<'a> {
    namespace: &'a str,
    name: &'a str,
    description: &'a str,
    is_public: bool,
    kind: &'static str,
    state: RepositoryState,
    is_starred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    popularity: Option<f32>,
}

/// Lists repositories: those of a namespace that the caller may see, or all public ones.
pub(super) fn list(call: &Call) -> Answer {
    let (mut found, by_name) = read_page(call)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let (modified, popularity) = (call.flag(&LAST_MODIFIED, false)?, call.flag(&POPULARITY, false)?);
    let view = |(namespace, repository): &(String, Repository)| {
        json!(Listed {
            namespace,
            name: &repository.name,
            description: &repository.description,
            is_public: repository.visibility == Visibility::Public,
            kind: "image",
            state: repository.state,
            is_starred: false,
            // The registry does not tell of pushes: the registration is the last change that is known of.
            last_modified: modified.then_some(repository.created_at.0),
            popularity: popularity.then_some(0.0),
        })
    };
    let mut body = Map::new();
    body.insert("repositories".to_owned(), found.iter().map(view).collect());
    if let Some((_, last)) = found.last().filter(|_| more) {
        let page = if by_name { last.name.clone() } else { last.id.0.to_string() };
        body.insert("next_page".to_owned(), URL_SAFE_NO_PAD.encode(page).into());
    }
    ok(&Value::Object(body))
}

/// One repository more than a page shows, each with its namespace, and whether they go by name instead of by id.
fn read_page(call: &Call) -> Result<(Vec<(String, Repository)>, bool), Refusal> {
    let after = call.text(&NEXT_PAGE)?.map(decode_page).transpose()?;
    if let Some(name) = call.text(&NAMESPACE)? {
        let after = after.unwrap_or_default();
        let page = repositories::list(&call.app, &call.actor, name, &after, PAGE + 1)?;
        return Ok((page.into_iter().map(|found| (name.to_owned(), found)).collect(), true));
    }
    if call.flag(&PUBLIC, false)? {
        let after = after.map_or(Ok(0), |after| after.parse()).map_err(|_| bad_page())?;
        let page = repositories::list_public(&call.app, RepositoryId(after), PAGE + 1)?;
        return Ok((page.into_iter().map(|(namespace, found)| (namespace.name, found)).collect(), false));
    }
    if call.flag(&STARRED, false)? {
        // Nobody can star anything here.
        return Ok((Vec::new(), true));
    }
    let text = "namespace, starred or public are required for this API call";
    Err(ServiceError::Invalid(text.to_owned()).into())
}

fn bad_page() -> Refusal {
    Refusal::Schema("next_page is not one that an answer of this call gave".to_owned())
}

fn decode_page(text: &str) -> Result<String, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_page())?;
    String::from_utf8(bytes).map_err(|_| bad_page())
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of Quay's view")]
struct RepositoryView<'a> {
    namespace: &'a str,
    name: &'a str,
    kind: &'static str,
    description: &'a str,
    is_public: bool,
    is_organization: bool,
    is_starred: bool,
    status_token: &'static str,
    trust_enabled: bool,
    tag_expiration_s: i64,
    is_free_account: bool,
    state: RepositoryState,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Map<String, Value>>,
    can_write: bool,
    can_admin: bool,
}

/// Shows a repository. Its tags are the registry's to know.
pub(super) fn get(call: &Call, repository: &str) -> Answer {
    let view = repositories::view(&call.app, &call.actor, &named(repository)?)?;
    ok(&RepositoryView {
        namespace: &view.namespace.name,
        name: &view.repository.name,
        kind: "image",
        description: &view.repository.description,
        is_public: view.repository.visibility == Visibility::Public,
        is_organization: view.namespace.kind == AccountKind::Organization,
        is_starred: false,
        status_token: "",
        trust_enabled: false,
        tag_expiration_s: view.tag_expiration,
        is_free_account: true,
        state: view.repository.state,
        tags: call.flag(&INCLUDE_TAGS, true)?.then(Map::new),
        can_write: view.writes,
        can_admin: view.administers,
    })
}

fn success() -> Answer {
    ok(&json!({ "success": true }))
}

#[derive(Deserialize)]
struct DescriptionBody {
    description: String,
}

/// Describes a repository.
pub(super) fn describe(call: &Call, repository: &str) -> Answer {
    let body: DescriptionBody = call.body()?;
    repositories::set_description(&call.app, &call.actor, &named(repository)?, &body.description)?;
    success()
}

/// Forgets a repository. One that is gone already is as good, for those who may know.
pub(super) fn delete(call: &Call, repository: &str) -> Answer {
    match repositories::delete(&call.app, &call.actor, &named(repository)?) {
        Ok(()) | Err(ServiceError::NotFound(_)) => no_content(),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct VisibilityBody {
    visibility: Visibility,
}

/// Opens or closes a repository. For one that is not there Quay answers `null`.
pub(super) fn change_visibility(call: &Call, repository: &str) -> Answer {
    let body: VisibilityBody = call.body()?;
    match repositories::set_visibility(&call.app, &call.actor, &named(repository)?, body.visibility) {
        Ok(_) => success(),
        Err(ServiceError::NotFound(_)) => ok(&Value::Null),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct StateBody {
    state: RepositoryState,
}

/// Changes what may be written to a repository.
pub(super) fn change_state(call: &Call, repository: &str) -> Answer {
    let body: StateBody = call.body()?;
    repositories::set_state(&call.app, &call.actor, &named(repository)?, body.state, None)?;
    success()
}
