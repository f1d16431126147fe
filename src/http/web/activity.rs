//! What a robot may do and why, and what happened to it.

use super::logs::{EventRow, rows};
use super::pager::Pager;
use super::view::{Head, Tab, address, role_title};
use super::visit::{Reply, Shell, Visit};
use crate::domain::permission::{TeamRole, Visibility};
use crate::service::robot_pages::{self, Rule};
use askama::Template;

/// Events of a page.
const EVENTS: usize = 50;

/// Access and activity.
#[derive(Template)]
#[template(path = "activity.html")]
pub struct ActivityPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The namespace.
    pub head: Head,
    /// The robot's full name.
    pub full: String,
    /// The robot's name inside the namespace.
    pub short: String,
    /// When it was made.
    pub created: super::moment::Moment,
    /// When it last logged in.
    pub accessed: Option<super::moment::Moment>,
    /// Its teams and what they may do.
    pub teams: Vec<(String, &'static str)>,
    /// The role that it gets on new repositories.
    pub defaults: Vec<&'static str>,
    /// Repositories and why.
    pub access: Vec<AccessRow>,
    /// Whether there is more access than is listed.
    pub truncated: bool,
    /// Which of the access rows are shown.
    pub pager: Pager,
    /// What happened.
    pub events: Vec<EventRow>,
    /// The address of older events.
    pub older: Option<String>,
}

/// A repository that a robot may use.
pub struct AccessRow {
    /// Its path below the namespace.
    pub name: String,
    /// The role that counts.
    pub role: &'static str,
    /// What gave it.
    pub rules: Vec<String>,
    /// Whether everybody may pull it anyway.
    pub public: bool,
}

fn reason(rule: &Rule) -> String {
    let title = role_title(Some(rule.role()));
    match rule {
        Rule::Direct(_) => format!("{title}, granted directly"),
        Rule::Team(team, _) => format!("{title}, through team {team}"),
        Rule::Administers(team) => format!("Admin, because team {team} administers the organization"),
    }
}

/// What a team's role lets its members do.
pub const fn meaning(role: TeamRole) -> &'static str {
    match role {
        TeamRole::Member => "only what the team is granted on repositories",
        TeamRole::Creator => "may create repositories",
        TeamRole::Admin => "administers the organization and every repository",
    }
}

/// The page.
pub fn page(visit: &Visit, namespace: &str, short: &str) -> Reply {
    let explained = robot_pages::explain(&visit.app, &visit.actor, namespace, short)?;
    let account = &explained.robot.account;
    let head = Head::read(visit, namespace, Tab::Robots, Some("Activity and access".to_owned()))?;
    let below = visit.asked("below")?.parse().ok();
    let found = robot_pages::activity(&visit.app, &visit.actor, namespace, short, below, EVENTS + 1)?;
    let now = visit.app.now();
    let path = format!("/organization/{namespace}/robot/{short}/activity");
    let (events, last) = rows(found, EVENTS, now);
    let older = last.map(|last| format!("{path}?below={last}#activity"));
    let mut pager = Pager::read(visit, EVENTS, address(&path, &[]))?;
    pager.total = explained.effective.len();
    let shown = explained.effective.iter().skip(pager.offset()).take(pager.size).map(|found| AccessRow {
        name: found.repository.name.clone(),
        role: role_title(Some(found.role)),
        rules: found.rules.iter().map(reason).collect(),
        public: found.repository.visibility == Visibility::Public,
    });
    let page = ActivityPage {
        shell: head.shell(visit, &format!("Activity and access of {}", account.name)),
        head,
        full: account.name.clone(),
        short: short.to_owned(),
        created: super::moment::Moment::new(account.created_at, now),
        accessed: account.last_accessed_at.map(|at| super::moment::Moment::new(at, now)),
        teams: explained.teams.iter().map(|(name, role)| (name.clone(), meaning(*role))).collect(),
        defaults: explained.defaults.iter().map(|role| role_title(Some(*role))).collect(),
        access: shown.collect(),
        truncated: explained.truncated,
        pager,
        events,
        older,
    };
    visit.page(&page)
}
