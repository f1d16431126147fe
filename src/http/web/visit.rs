//! One request to a page: who is there, what was sent, and how to answer.

use super::assets::{self, ASSETS, Asset};
use super::notice::{self, Notice};
use crate::http::blocking::Busy;
use crate::http::body::{Fields, FieldsError};
use crate::http::browser;
use crate::http::reply::{self, Body};
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::error::ServiceError;
use crate::service::sessions::{self, Session, SessionId};
use crate::store::audit::Origin;
use askama::Template;
use flate2::Compression;
use hyper::header::{CONTENT_ENCODING, COOKIE, HeaderValue, SET_COOKIE};
use hyper::{HeaderMap, Response, StatusCode};
use std::sync::Arc;

/// The answer to a request.
pub type Reply = Result<Response<Body>, Refusal>;

/// Why a request gets no page of its own.
#[derive(Debug)]
pub enum Refusal {
    /// A service refused.
    Service(ServiceError),
    /// There is no such page.
    NotFound,
    /// There is no page at this address, which only takes a form; the methods that it does take.
    FormOnly(&'static str),
    /// A form or query string could not be read.
    Fields(String),
    /// A form came from another site, or its page was too old.
    Forged,
    /// The password has to be given again first.
    Stale,
    /// Too much is being done already.
    Busy(Busy),
}

impl<E: Into<ServiceError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

/// The colours that a person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word in the cookie and in forms.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// What every page shows around its own content.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The page's title; the thing that it is about first.
    pub title: String,
    /// Who is signed in.
    pub person: Option<String>,
    /// What forms must send back.
    pub csrf: String,
    /// The chosen colours.
    pub theme: Theme,
    /// Whether times are shown to the second.
    pub exact_times: bool,
    /// This page's address, to come back to.
    pub here: String,
    /// The part of the site that this page belongs to.
    pub section: Section,
    /// What is said once.
    pub notice: Option<Notice>,
}

/// A part of the site, as the bar at the top names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// None of them.
    None,
    /// "Organizations".
    Organizations,
    /// "Repositories".
    Repositories,
    /// The person's own namespace.
    Own,
}

impl Shell {
    /// The style sheet.
    pub fn style(&self) -> &'static Asset {
        &ASSETS.style
    }

    /// The script.
    pub fn script(&self) -> &'static Asset {
        &ASSETS.script
    }

    /// The icon.
    pub fn icon(&self) -> &'static Asset {
        &ASSETS.icon
    }

    /// Whether the page belongs to the part of the site with this name.
    pub fn is_in(&self, section: &str) -> bool {
        match self.section {
            Section::None => false,
            Section::Organizations => section == "Organizations",
            Section::Repositories => section == "Repositories",
            Section::Own => section == "Own",
        }
    }
}

/// A request, read.
#[expect(clippy::struct_excessive_bools, reason = "each answers one question about the browser")]
pub struct Visit {
    /// The services.
    pub app: Arc<App>,
    /// Who acts.
    pub actor: Actor,
    /// The session, when somebody is signed in.
    pub session: Option<Session>,
    /// The browser's id.
    pub id: SessionId,
    /// Whether the browser has yet to be given its id.
    pub new_id: bool,
    /// Whether the browser's connection is encrypted.
    pub https: bool,
    /// The query string.
    pub query: Fields,
    /// The posted form; `None` when the page is fetched.
    pub form: Option<Fields>,
    /// Path and query.
    pub here: String,
    /// The chosen colours.
    pub theme: Theme,
    /// Whether times are shown to the second, not as how long ago.
    pub exact_times: bool,
    /// The notice that the last answer left.
    pub notice: Option<Notice>,
    /// Whether a page may go out packed.
    pub packs: bool,
}

/// A person's choice of how pages look; empty when there is none.
fn choice<'h>(headers: &'h HeaderMap, cookie: &str) -> &'h str {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == cookie).map_or("", |(_, word)| word)
}

/// Bytes from which a page is packed: shorter ones travel as quickly as they are.
const WORTH_PACKING: usize = 8 * 1024;
/// Effort of packing, of 9: lists shrink to a tenth, in a millisecond.
const PACKING: u32 = 4;

// Also written by the script, so that a choice shows without loading the page again.
const THEME_COOKIE: &str = "theme";
const TIMES_COOKIE: &str = "times";
const EXACT: &str = "exact";

impl Visit {
    /// Whoever sent these headers.
    pub fn new(
        app: Arc<App>,
        headers: &HeaderMap,
        https: bool,
        here: &str,
        query: Fields,
        origin: Origin,
    ) -> Result<Self, Refusal> {
        let known = browser::session_id(headers, https);
        let session = match &known {
            Some(id) => sessions::authenticate(&app, id)?,
            None => None,
        };
        let new_id = known.is_none();
        let id = known.unwrap_or_else(|| SessionId::generate(app.random.as_ref()));
        let actor = match &session {
            Some(session) => Actor::account(session.identity.clone(), origin),
            None => Actor::anonymous(origin),
        };
        let notice = notice::read(headers, &app.keys.session, &id);
        let theme = Theme::parse(choice(headers, THEME_COOKIE));
        let exact_times = choice(headers, TIMES_COOKIE) == EXACT;
        Ok(Self {
            app,
            actor,
            session,
            id,
            new_id,
            https,
            query,
            form: None,
            here: here.to_owned(),
            theme,
            exact_times,
            notice,
            packs: assets::unpacks(headers) && browser::is_own_request(headers),
        })
    }

    /// What surrounds a page with this title.
    pub fn shell(&self, title: impl Into<String>, section: Section) -> Shell {
        Shell {
            title: title.into(),
            person: self.session.as_ref().map(|session| session.identity.name.to_string()),
            csrf: sessions::masked_csrf_token(&self.app, &self.id),
            theme: self.theme,
            exact_times: self.exact_times,
            here: self.here.clone(),
            section,
            notice: self.notice.clone(),
        }
    }

    /// The signed-in person's name; everybody else is sent to sign in.
    pub fn person(&self) -> Result<&str, Refusal> {
        Ok(self.actor.require_account()?.name.as_str())
    }

    /// Fails unless the password was given lately.
    pub fn require_fresh(&self) -> Result<(), Refusal> {
        match &self.session {
            None => Err(ServiceError::Unauthenticated.into()),
            Some(session) if session.fresh => Ok(()),
            Some(_) => Err(Refusal::Stale),
        }
    }

    /// The value of a query parameter, trimmed; empty when it is absent.
    pub fn asked(&self, name: &str) -> Result<&str, Refusal> {
        single(&self.query, name)
    }

    /// The value of a form field, trimmed; empty when it is absent. Not for secrets, which may begin or end in a space.
    pub fn given(&self, name: &str) -> Result<&str, Refusal> {
        self.form.as_ref().map_or(Ok(""), |form| single(form, name))
    }

    /// The number of the page asked for, from 1.
    pub fn page_number(&self) -> Result<usize, Refusal> {
        Ok(self.asked("page")?.parse().ok().filter(|number| (1..=1_000_000).contains(number)).unwrap_or(1))
    }

    /// A page.
    pub fn page(&self, page: &impl Template) -> Reply {
        self.page_with(StatusCode::OK, page)
    }

    /// A page that tells of a refusal.
    pub fn page_with(&self, status: StatusCode, page: &impl Template) -> Reply {
        let text = page
            .render()
            .map_err(|error| ServiceError::Internal(format!("a page cannot be rendered: {error}")))?;
        let mut response = self.html(status, text)?;
        if self.notice.is_some() {
            notice::clear(&mut response, self.https);
        }
        Ok(response)
    }

    /// Long pages that hold no secret are packed, unless another site chose what the request says: its words would stand
    /// beside what is private to the person, and the length of what is packed would tell whether they are alike (BREACH).
    /// A robot's secret or a new token is only ever shown in the answer to a form.
    fn html(&self, status: StatusCode, text: String) -> Result<Response<Body>, ServiceError> {
        if !self.packs || self.form.is_some() || text.len() < WORTH_PACKING {
            return Ok(reply::html(status, text));
        }
        let packed = assets::gzip(text.as_bytes(), Compression::new(PACKING));
        let packed = packed.map_err(|error| ServiceError::Internal(format!("a page: {error}")))?;
        let mut response = reply::html(status, packed);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(response)
    }

    /// Goes on to another page, which shows `notice`.
    pub fn done(&self, location: &str, notice: &Notice) -> Reply {
        let mut response = reply::redirect_303(location);
        notice::set(&mut response, self.https, &self.app.keys.session, &self.id, notice);
        Ok(response)
    }

    /// Gives the browser its id, if it has none yet.
    pub fn finish(&self, response: &mut Response<Body>) {
        if self.new_id {
            browser::set_session(response, self.https, &self.id);
        }
    }

    /// Remembers for a year what the form of the menu "Display" chose, and goes back to its page.
    pub fn remember_display(&self) -> Reply {
        let mut response = reply::redirect_303(local(self.given("next")?));
        let theme = Theme::parse(self.given("theme")?).word();
        let times = if self.given("times")? == EXACT { EXACT } else { "relative" };
        for (field, cookie, word) in [("theme", THEME_COOKIE, theme), ("times", TIMES_COOKIE, times)] {
            if self.given(field)?.is_empty() {
                continue;
            }
            let secure = if self.https { "; Secure" } else { "" };
            let line = format!("{cookie}={word}; Path=/; SameSite=Lax{secure}; Max-Age=31536000");
            if let Ok(value) = HeaderValue::from_str(&line) {
                response.headers_mut().append(SET_COOKIE, value);
            }
        }
        Ok(response)
    }
}

fn single<'f>(fields: &'f Fields, name: &str) -> Result<&'f str, Refusal> {
    let value = fields.single(name).map_err(|error: FieldsError| Refusal::Fields(error.to_string()))?;
    Ok(value.unwrap_or_default().trim())
}

/// A path of this site to go on to, from what a form or query says; anything else becomes `/`.
pub fn local(path: &str) -> &str {
    let formed = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'\\');
    if formed { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for good in ["/", "/organization/acme?tab=Logs&page=2"] {
            assert_eq!(local(good), good);
        }
        for bad in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "/ä"]
        {
            assert_eq!(local(bad), "/", "{bad}");
        }
    }
}
