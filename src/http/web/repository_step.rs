//! The part of a wizard that grants repositories: searched, turned page by page and ticked in bulk without losing what else
//! was filled in, since all of it is in the same form.

use super::moment::Moment;
use super::pager::{Pager, SIZES};
use super::view::{parse_role, role_value};
use super::visit::{Refusal, Visit};
use crate::domain::permission::Role;
use crate::service::namespaces;
use crate::store::repositories::Repository;

/// Repositories of one page, where nobody chose.
const PAGE: usize = 50;
/// Most repositories that "Select all" chooses.
const MOST: usize = 500;

/// A repository to be granted.
pub struct RepositoryChoice {
    /// Its path below the namespace.
    pub name: String,
    /// The chosen role's value.
    pub role: &'static str,
    /// When it last changed; `None` when it is gone.
    pub updated: Option<Moment>,
}

/// The repositories to choose from: those chosen so far, then one page of the others.
pub struct RepositoryStep {
    /// The rows.
    pub rows: Vec<RepositoryChoice>,
    /// How many are chosen.
    pub chosen: usize,
    /// What is searched for.
    pub q: String,
    /// Which page.
    pub pager: Pager,
}

impl RepositoryStep {
    /// Whether every repository stands in the form, so that searching needs no other page.
    pub fn is_complete(&self) -> bool {
        self.pager.total <= self.pager.size && self.q.is_empty()
    }
}

/// What the form says about repositories.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The chosen ones.
    pub chosen: Vec<(String, Role)>,
    /// Whether other rows are asked for, not what the wizard makes.
    pub looks: bool,
    all: bool,
    q: String,
    page: usize,
    size: usize,
}

/// Reads the form.
pub fn read(visit: &Visit) -> Result<Asked, Refusal> {
    let (go, q) = (visit.given("go")?, visit.given("q")?);
    let mut chosen = Vec::new();
    for (field, value) in visit.form.iter().flat_map(|form| form.iter()) {
        let Some(path) = field.strip_prefix("role:") else { continue };
        // Choosing a row gives it the least, as in Quay.
        let role = parse_role(value)?.or((go == "repositories-page").then_some(Role::Read));
        chosen.extend(role.map(|role| (path.to_owned(), role)));
    }
    if go == "repositories-none" {
        chosen.clear();
    }
    let turned = go.strip_prefix("page-").and_then(|number| number.parse().ok());
    // Enter in any field sends the form without a button's value: somebody who has just typed a search wants it done.
    let searches = go == "search" || (go.is_empty() && q != visit.given("searched")?);
    let shown = if searches { None } else { visit.given("page")?.parse().ok() };
    Ok(Asked {
        looks: searches || turned.is_some() || go.starts_with("repositories-"),
        all: go == "repositories-all",
        chosen,
        q: q.to_owned(),
        page: turned.or(shown).filter(|number| (1..=1_000_000).contains(number)).unwrap_or(1),
        size: visit.given("rows")?.parse().ok().filter(|rows| SIZES.contains(rows)).unwrap_or(PAGE),
    })
}

/// Reads the rows.
pub fn step(visit: &Visit, namespace: &str, asked: &Asked) -> Result<RepositoryStep, Refusal> {
    let (app, actor, now) = (&visit.app, &visit.actor, visit.app.now());
    let mut pager =
        Pager { total: 0, size: asked.size, usual: PAGE, number: asked.page, base: String::new() };
    let mut chosen = asked.chosen.clone();
    let is_chosen = |chosen: &[(String, Role)], name: &str| chosen.iter().any(|(chosen, _)| chosen == name);
    if asked.all {
        let (every, _) = namespaces::repositories(app, actor, namespace, &asked.q, 0, MOST)?;
        let more: Vec<_> = every.into_iter().filter(|found| !is_chosen(&chosen, &found.name)).collect();
        chosen.extend(more.into_iter().map(|found| (found.name, Role::Read)));
    }
    let (found, total) =
        namespaces::repositories(app, actor, namespace, &asked.q, pager.offset(), pager.size)?;
    pager.total = total;
    let moment = |repository: &Repository| Moment::new(repository.created_at, now);
    let names: Vec<&str> = chosen.iter().map(|(name, _)| name.as_str()).collect();
    let known = namespaces::named(app, actor, namespace, &names)?;
    let picked = chosen.iter().map(|(name, role)| RepositoryChoice {
        name: name.clone(),
        role: role_value(Some(*role)),
        updated: known.iter().find(|known| known.name == *name).map(moment),
    });
    let others = found.iter().filter(|found| !is_chosen(&chosen, &found.name));
    let others = others.map(|repository| RepositoryChoice {
        name: repository.name.clone(),
        role: role_value(None),
        updated: Some(moment(repository)),
    });
    let rows = picked.chain(others).collect();
    Ok(RepositoryStep { rows, chosen: chosen.len(), q: asked.q.clone(), pager })
}
