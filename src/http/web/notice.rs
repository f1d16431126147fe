//! What a page says once about the form that was just posted: it travels in a cookie, signed so that nobody else can put
//! words there, and is taken away by the page that shows it.

use crate::keys::SessionKey;
use crate::service::sessions::SessionId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{COOKIE, HeaderValue, SET_COOKIE};
use hyper::{HeaderMap, Response};

/// How a notice looks and is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Good,
    /// Something was refused or failed.
    Bad,
}

/// One sentence or two for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it looks.
    pub tone: Tone,
    /// What it says; plain text.
    pub text: String,
}

impl Notice {
    /// Something was done.
    pub fn good(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into() }
    }

    /// Whether something was done.
    pub fn is_good(&self) -> bool {
        self.tone == Tone::Good
    }

    /// Something was refused or failed.
    pub fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into() }
    }
}

const NAME: &str = "dockpass_notice";
/// Browsers drop cookies over 4 KiB; a longer text is cut.
const LONGEST: usize = 1500;

fn tag(key: &SessionKey, id: &SessionId, payload: &str) -> String {
    // Bound to the browser's id: a notice of one browser cannot be planted in another.
    URL_SAFE_NO_PAD.encode(key.tag("notice", format!("{}.{payload}", id.expose()).as_bytes()))
}

/// Gives the browser a notice for the next page.
pub fn set<B>(response: &mut Response<B>, https: bool, key: &SessionKey, id: &SessionId, notice: &Notice) {
    let tone = if notice.tone == Tone::Good { '+' } else { '-' };
    let text: String = notice.text.chars().take(LONGEST / 4).collect();
    let payload = URL_SAFE_NO_PAD.encode(format!("{tone}{text}"));
    let tag = tag(key, id, &payload);
    append(response, https, &format!("{NAME}={payload}.{tag}"), 60);
}

/// The notice that a browser brings, if it is ours.
pub fn read(headers: &HeaderMap, key: &SessionKey, id: &SessionId) -> Option<Notice> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (payload, given) = pairs.find(|(name, _)| *name == NAME)?.1.split_once('.')?;
    // Not a secret: whoever can read this browser's cookies may read the notice too.
    if tag(key, id, payload) != given {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let tone = if text.starts_with('+') { Tone::Good } else { Tone::Bad };
    Some(Notice { tone, text: text.get(1..)?.to_owned() })
}

/// Takes the notice away, once it is shown.
pub fn clear<B>(response: &mut Response<B>, https: bool) {
    append(response, https, &format!("{NAME}="), 0);
}

fn append<B>(response: &mut Response<B>, https: bool, pair: &str, seconds: u32) {
    let secure = if https { "; Secure" } else { "" };
    let line = format!("{pair}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&line) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn a_notice_comes_back_to_its_browser_only() {
        let random = SystemRandom::default();
        let (key, id) = (SessionKey::ephemeral(&random), SessionId::generate(&random));
        let notice = Notice::good("Successfully created “acme+ci”; all is well");
        let mut response = Response::new(());
        set(&mut response, false, &key, &id, &notice);
        let line = response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&line).unwrap())]);
        assert_eq!(read(&headers, &key, &id), Some(notice));
        assert_eq!(read(&headers, &key, &SessionId::generate(&random)), None);
        assert_eq!(read(&headers, &SessionKey::ephemeral(&random), &id), None);
    }
}
