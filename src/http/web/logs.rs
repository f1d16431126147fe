//! The tab "Logs", and events as rows for other pages.

use super::moment::Moment;
use super::view::{Head, Tab, address, escape};
use super::visit::{Reply, Shell, Visit};
use crate::domain::time::Timestamp;
use crate::service::robot_pages;
use crate::store::audit::Recorded;
use askama::Template;
use serde_json::Value;

/// Events of a page.
const PAGE: usize = 50;

/// The namespace's log.
#[derive(Template)]
#[template(path = "logs.html")]
pub struct LogsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// Whose doing is shown; empty: everybody's.
    pub performer: String,
    /// What happened.
    pub events: Vec<EventRow>,
    /// The address of older events.
    pub older: Option<String>,
}

/// An event.
pub struct EventRow {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub what: String,
    /// What else there is to say.
    pub details: String,
    /// Who.
    pub who: String,
    /// From where.
    pub address: String,
}

/// Events as rows, at most `limit`; with the id to go on below when there are more.
pub fn rows(events: Vec<Recorded>, limit: usize, now: Timestamp) -> (Vec<EventRow>, Option<i64>) {
    let more = events.len() > limit;
    let last = events.get(limit.saturating_sub(1)).map(|event| event.id).filter(|_| more);
    let row = |event: Recorded| EventRow {
        at: Moment::new(event.at, now),
        what: words(&event.kind),
        details: details(&event.metadata),
        who: event.performer.unwrap_or_else(|| "anonymous".to_owned()),
        address: event.address.unwrap_or_default(),
    };
    (events.into_iter().take(limit).map(row).collect(), last)
}

/// Quay's word for what happened, as people say it.
fn words(kind: &str) -> String {
    let known = match kind {
        "create_robot" => "Robot account created",
        "delete_robot" => "Robot account deleted",
        "regenerate_robot_token" => "Token regenerated",
        "view_robot_token" => "Token shown",
        "create_robot_federation" => "Federation saved",
        "delete_robot_federation" => "Federation removed",
        "federated_robot_token_exchange" => "Robot token exchanged",
        "change_repo_permission" => "Repository permission set",
        "delete_repo_permission" => "Repository permission removed",
        "org_add_team_member" => "Team member added",
        "org_remove_team_member" => "Team member removed",
        "org_create" => "Organization created",
        "org_create_team" => "Team created",
        "org_delete_team" => "Team deleted",
        "org_set_team_role" => "Team role set",
        "org_set_team_description" => "Team description set",
        "create_prototype_permission" => "Default permission created",
        "modify_prototype_permission" => "Default permission changed",
        "delete_prototype_permission" => "Default permission deleted",
        "create_repo" => "Repository created",
        "delete_repo" => "Repository deleted",
        "change_repo_visibility" => "Repository visibility set",
        "login_success" => "Logged in",
        "login_failure" => "Login refused",
        _ => "",
    };
    if known.is_empty() {
        super::view::sentence(&kind.replace('_', " ")).trim_end_matches('.').to_owned()
    } else {
        known.to_owned()
    }
}

/// The members of an event that say what it was about, in a fixed order.
fn details(metadata: &Value) -> String {
    let members = [
        "robot",
        "issuer",
        "subject",
        "username",
        "repo",
        "role",
        "team",
        "member",
        "delegate_user",
        "delegate_team",
        "visibility",
        "description",
        "application_name",
        "form",
        "type",
    ];
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let shown: Vec<String> = members
        .iter()
        .filter_map(|name| text(name).map(|text| format!("{}: {text}", name.replace('_', " "))))
        .collect();
    shown.join(", ")
}

/// The page.
pub fn tab(visit: &Visit, name: &str) -> Reply {
    let head = Head::read(visit, name, Tab::Logs, None)?;
    let performer = visit.asked("performer")?.to_owned();
    let below = visit.asked("below")?.parse().ok();
    let only = Some(performer.as_str()).filter(|performer| !performer.is_empty());
    let found = robot_pages::log(&visit.app, &visit.actor, name, only, below, PAGE + 1)?;
    let (events, last) = rows(found, PAGE, visit.app.now());
    let older = last.map(|last| {
        let base = address(&head.tab_href(), &[("performer", &performer)]);
        format!("{base}below={}", escape(&last.to_string()))
    });
    let shell = head.shell(visit, "Logs");
    visit.page(&LogsPage { shell, head, performer, events, older })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_kind_is_still_readable() {
        assert_eq!(words("some_new_thing"), "Some new thing");
        assert_eq!(words("create_robot"), "Robot account created");
    }

    #[test]
    fn details_name_only_what_is_there() {
        let metadata =
            json!({ "repo": "app", "role": "read", "username": "acme+ci", "other": 1, "team": "" });
        assert_eq!(details(&metadata), "username: acme+ci, repo: app, role: read");
    }
}
