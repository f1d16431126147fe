//! The audit trail, by page and counted by day (`.../logs`, `.../aggregatelogs`).

use super::avatar::Avatar;
use super::call::{Answer, Call, ok};
use super::route::Query;
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::http::error::Refusal;
use crate::service::error::ServiceError;
use crate::service::logs::{Page, Part, Trail, counts, page};
use crate::store::audit::Recorded;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const fn text(name: &'static str, help: &'static str) -> Query {
    Query { name, kind: "string", help }
}

/// The first day.
pub(super) const START: Query = text("starttime", "Earliest day of the logs: mm/dd/yyyy, in UTC.");
/// The last day.
pub(super) const END: Query = text("endtime", "Latest day of the logs: mm/dd/yyyy, in UTC.");
/// Who did it.
pub(super) const PERFORMER: Query = text("performer", "Only what this account did.");
/// Where a page begins.
pub(super) const NEXT_PAGE: Query = text("next_page", "The value of next_page in the answer before.");

const DAY: i64 = 86_400;

/// The start of a day, as `mm/dd/yyyy`.
fn day(call: &Call, query: &Query) -> Result<Option<Timestamp>, Refusal> {
    let Some(given) = call.text(query)? else { return Ok(None) };
    let parsed = jiff::civil::Date::strptime("%m/%d/%Y", given)
        .and_then(|date| {
            jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        })
        .map_err(|_| ServiceError::Invalid(format!("{} must be a day: mm/dd/yyyy", query.name)))?;
    Ok(Some(Timestamp(parsed.as_second())))
}

fn part(call: &Call) -> Result<Part<'_>, Refusal> {
    let until = day(call, &END)?.map_or_else(|| call.app.now().plus(1), |day| day.plus(DAY));
    let from = day(call, &START)?.unwrap_or_else(|| until.plus(-DAY));
    let below = match call.text(&NEXT_PAGE)? {
        Some(token) => {
            Some(read_token(token).ok_or_else(|| ServiceError::Invalid("Invalid next_page".to_owned()))?)
        }
        None => None,
    };
    Ok(Part { performer: call.text(&PERFORMER)?, from, until, below })
}

/// Opaque to clients, though there is nothing to hide: whoever changes it reads from elsewhere in the same trail.
fn write_token(id: i64) -> String {
    URL_SAFE_NO_PAD.encode(id.to_be_bytes())
}

fn read_token(token: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    bytes.try_into().ok().map(i64::from_be_bytes)
}

fn event_view(event: &Recorded, page: &Page) -> Value {
    let mut view = json!({
        "kind": event.kind,
        "metadata": event.metadata,
        "ip": event.address,
        "datetime": event.at.rfc2822(),
    });
    if let (Some(members), Some(name)) = (view.as_object_mut(), &event.performer) {
        let avatar = match page.performers.get(name) {
            Some(account) => Avatar::of_account(account),
            None => Avatar::new(name, None, "user"),
        };
        let performer =
            json!({ "kind": "user", "name": name, "is_robot": name.contains('+'), "avatar": avatar });
        members.insert("performer".to_owned(), performer);
        members.insert("request_id".to_owned(), event.request_id.clone().into());
    }
    view
}

fn list(call: &Call, trail: Trail<'_>) -> Answer {
    let part = part(call)?;
    let page = page(&call.app, &call.actor, trail, part)?;
    let mut view = json!({
        "start_time": part.from.rfc2822(),
        "end_time": part.until.rfc2822(),
        "logs": page.events.iter().map(|event| event_view(event, &page)).collect::<Vec<_>>(),
    });
    if let (Some(members), Some(next)) = (view.as_object_mut(), page.next) {
        members.insert("next_page".to_owned(), write_token(next).into());
    }
    ok(&view)
}

fn aggregate(call: &Call, trail: Trail<'_>) -> Answer {
    let rows = counts(&call.app, &call.actor, trail, Part { below: None, ..part(call)? })?;
    let view = |(kind, at, count): &(String, Timestamp, i64)| json!({ "kind": kind, "count": count, "datetime": at.rfc2822() });
    ok(&json!({ "aggregated": rows.iter().map(view).collect::<Vec<_>>() }))
}

fn repository(name: &str) -> Result<RepositoryName, Refusal> {
    let name = RepositoryName::parse(name);
    name.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()).into())
}

/// Lists what happened in an organization.
pub(super) fn list_of_organization(call: &Call, organization: &str) -> Answer {
    list(call, Trail::Organization(organization))
}

/// Counts what happened in an organization.
pub(super) fn aggregate_of_organization(call: &Call, organization: &str) -> Answer {
    aggregate(call, Trail::Organization(organization))
}

/// Lists what happened in the calling user's namespace.
pub(super) fn list_of_user(call: &Call) -> Answer {
    list(call, Trail::Own)
}

/// Counts what happened in the calling user's namespace.
pub(super) fn aggregate_of_user(call: &Call) -> Answer {
    aggregate(call, Trail::Own)
}

/// Lists what happened to a repository.
pub(super) fn list_of_repository(call: &Call, name: &str) -> Answer {
    list(call, Trail::Repository(&repository(name)?))
}

/// Counts what happened to a repository.
pub(super) fn aggregate_of_repository(call: &Call, name: &str) -> Answer {
    aggregate(call, Trail::Repository(&repository(name)?))
}

/// Lists everything that happened.
pub(super) fn list_of_everything(call: &Call) -> Answer {
    list(call, Trail::Everything)
}

/// Counts everything that happened.
pub(super) fn aggregate_of_everything(call: &Call) -> Answer {
    aggregate(call, Trail::Everything)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_is_read_back_and_nothing_else_is_one() {
        for id in [0, 1, 20, i64::MAX] {
            assert_eq!(read_token(&write_token(id)), Some(id));
        }
        for token in ["", "x", "AAAA", "AAAAAAAAAAAAAAAA", "é", "AAAAAAAAAA=="] {
            assert_eq!(read_token(token), None, "{token}");
        }
    }
}
