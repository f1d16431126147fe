//! Whether a running registry sends its clients to us, accepts what we sign, and nothing else.

use super::super::error::CliError;
use super::Report;
use super::client::Client;
use crate::client::Reply;
use crate::config::Config;
use crate::domain::caller::Caller;
use crate::domain::claims::Claims;
use crate::domain::decide::{Facts, Policy, decide};
use crate::domain::time::{Clock, Timestamp};
use crate::keys::KeyRing;
use crate::system::{SystemClock, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{DATE, WWW_AUTHENTICATE};

/// Registries allow a minute.
const SKEW: i64 = 30;
const RESTART: &str =
    "put what `dockpass registry-config` prints into the registry's configuration and restart it";

/// Checks one registry.
pub(super) fn check(
    report: &mut Report,
    config: &Config,
    ring: &KeyRing,
    client: &Client,
    url: &str,
) -> Result<(), CliError> {
    let ping = format!("{}/v2/", url.trim_end_matches('/'));
    let reply = match client.get(&ping, None) {
        Ok(reply) => reply,
        Err(error) => {
            return report.fail("registry", format!("{url}: {error}"), "start it, or correct the address");
        }
    };
    let Some(challenge) = challenge(report, &ping, &reply)? else { return Ok(()) };
    skew(report, &reply)?;
    if challenge.realm == config.derived.realm {
        report.ok("registry", format!("{url} sends clients to {}", challenge.realm))?;
    } else {
        let text =
            format!("{url} sends clients to {}, TOKEN_REALM is {}", challenge.realm, config.derived.realm);
        report.fail("registry", text, RESTART)?;
    }
    if !config.derived.services.contains(&challenge.service) {
        let text = format!(
            "{url} is the service {}, tokens are issued for {}",
            challenge.service,
            config.derived.services.join(", ")
        );
        let advice = "set SERVER_HOSTNAME or TOKEN_SERVICES, or the registry's auth.token.service";
        return report.fail("registry", text, advice);
    }
    let probe = Probe { config, ring, client, ping: &ping, service: &challenge.service };
    if !probe.trust(report, url)? {
        return Ok(());
    }
    probe.endpoint(report)?;
    probe.forgeries(report, url)
}

struct Challenge {
    realm: String,
    service: String,
}

fn challenge(report: &mut Report, ping: &str, reply: &Reply) -> Result<Option<Challenge>, CliError> {
    if reply.status != 401 {
        let text = format!("{ping} answers {} without a token: it is open to everybody", reply.status);
        report.fail("registry", text, RESTART)?;
        return Ok(None);
    }
    let header =
        reply.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parameter = |name| parameter(header, name);
    if let (true, Some(realm), Some(service)) =
        (header.starts_with("Bearer "), parameter("realm"), parameter("service"))
    {
        return Ok(Some(Challenge { realm, service }));
    }
    report.fail("registry", format!("{ping} does not ask for a token but for: {header}"), RESTART)?;
    Ok(None)
}

/// A quoted parameter of a challenge. Registries put no quotes inside these values.
fn parameter(header: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let at = header.match_indices(&start).map(|(at, _)| at);
    // Not the end of a longer name.
    let at = at.into_iter().find(|at| header.get(..*at).is_none_or(|before| before.ends_with([',', ' '])))?;
    let rest = header.get(at + start.len()..)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

fn skew(report: &mut Report, reply: &Reply) -> Result<(), CliError> {
    let date = reply.headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
    let Some(theirs) = date else { return Ok(()) };
    let ahead = SystemClock.now().seconds_since(theirs);
    if ahead.abs() <= SKEW {
        return report.ok("clock", format!("differs from the registry's by {} s", ahead.abs()));
    }
    let text = format!("differs from the registry's by {} s; tokens are refused from 60 s on", ahead.abs());
    report.warn("clock", text, "set both clocks, best by NTP")
}

fn http_date(text: &str) -> Option<Timestamp> {
    let numeric = text.replace("GMT", "+0000");
    let time = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S %z", numeric).ok()?.to_timestamp().ok()?;
    Some(Timestamp(time.as_second()))
}

struct Probe<'a> {
    config: &'a Config,
    ring: &'a KeyRing,
    client: &'a Client,
    ping: &'a str,
    service: &'a str,
}

impl Probe<'_> {
    /// A token that grants nothing, which is enough for `/v2/`.
    fn sign(&self, audience: &str, at: Timestamp) -> Result<String, CliError> {
        let failed = |error: String| CliError::Failed(format!("cannot sign a token: {error}"));
        let random = SystemRandom::default();
        let nothing = decide(&Caller::Anonymous, &[], Policy::default(), |_| Facts::default());
        let claims = Claims::new(&self.config.tokens.issuer, "", audience, &nothing, at, 60, &random)
            .map_err(|error| failed(error.to_string()))?;
        let token = self.ring.sign(&claims).map_err(|error| failed(error.to_string()))?;
        Ok(token.as_str().to_owned())
    }

    fn status(&self, token: &str) -> Result<u16, String> {
        self.client.get(self.ping, Some(token)).map(|reply| reply.status)
    }

    /// Whether the registry accepts a token signed with the key in use.
    fn trust(&self, report: &mut Report, url: &str) -> Result<bool, CliError> {
        let token = self.sign(self.service, SystemClock.now())?;
        match self.status(&token) {
            Ok(200) => {
                report.ok("trust", format!("{url} accepts a token that was just signed"))?;
                return Ok(true);
            }
            Ok(status) => {
                let text = format!("{url} answers {status} to a token that was just signed");
                let advice = "the registry's issuer or rootcertbundle (jwks) is not ours, or it was not restarted since: put what \
                              `dockpass registry-config` prints into its configuration and restart it";
                report.fail("trust", text, advice)?;
            }
            Err(error) => report.fail("trust", error, "see the registry's log")?,
        }
        Ok(false)
    }

    /// Whether a token from the running service is accepted, too: it may use other keys than those here.
    fn endpoint(&self, report: &mut Report) -> Result<(), CliError> {
        let realm = &self.config.derived.realm;
        let joint = if realm.contains('?') { '&' } else { '?' };
        let url =
            format!("{realm}{joint}service={}&scope=repository:dockpass/doctor:pull", escape(self.service));
        let reply = match self.client.get(&url, None) {
            Ok(reply) => reply,
            Err(error) => {
                return report.fail("token", format!("{realm}: {error}"), "start it with `dockpass serve`");
            }
        };
        if reply.status == 401 && !self.config.repositories.anonymous_access {
            return report.ok("token", format!("{realm} issues no anonymous token, as it is told"));
        }
        let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let Some(token) = answer.get("token").and_then(serde_json::Value::as_str) else {
            let text = format!("{realm} answers {} when asked for a token", reply.status);
            return report.fail("token", text, "see the log of `dockpass serve`");
        };
        match self.status(token) {
            Ok(200) => report.ok("token", format!("the registry accepts a token from {realm}")),
            Ok(status) => {
                let text = format!("the registry answers {status} to a token from {realm}");
                report.fail("token", text, "the service there has other keys or another issuer than this one")
            }
            Err(error) => report.fail("token", error, "see the registry's log"),
        }
    }

    /// Whether the registry refuses what is not right.
    fn forgeries(&self, report: &mut Report, url: &str) -> Result<(), CliError> {
        let now = SystemClock.now();
        let good = self.sign(self.service, now)?;
        let forgeries = [
            ("expired", self.sign(self.service, now.plus(-7200))?),
            ("for another service", self.sign("dockpass-doctor.invalid", now)?),
            ("with an altered signature", altered(&good)),
            ("without a signature", unsigned(&good)),
        ];
        let mut accepted = Vec::new();
        for (what, token) in &forgeries {
            match self.status(token) {
                Ok(401) => {}
                Ok(_) => accepted.push(*what),
                Err(error) => return report.fail("forgeries", error, "see the registry's log"),
            }
        }
        if accepted.is_empty() {
            let all: Vec<_> = forgeries.iter().map(|(what, _)| *what).collect();
            return report.ok("forgeries", format!("{url} refuses tokens {}", all.join(", ")));
        }
        let text = format!("{url} does not refuse tokens {}", accepted.join(", "));
        report.fail("forgeries", text, "do not use this registry: it does not check tokens as it must")
    }
}

/// The token with another first character of its signature.
fn altered(token: &str) -> String {
    let Some((rest, signature)) = token.rsplit_once('.') else { return String::new() };
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{rest}.{other}{}", signature.get(1..).unwrap_or_default())
}

/// The token's claims under a header that says they need no signature.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap_or_default();
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#))
}

fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        let header = r#"Bearer realm="http://localhost/v2/auth?a=b",service="reg:5000",xservice="no""#;
        assert_eq!(parameter(header, "realm").as_deref(), Some("http://localhost/v2/auth?a=b"));
        assert_eq!(parameter(header, "service").as_deref(), Some("reg:5000"));
        assert_eq!(parameter(header, "scope"), None);
        assert_eq!(parameter(r#"Bearer xservice="no",service="yes""#, "service").as_deref(), Some("yes"));
    }

    #[test]
    fn dates_of_http_are_read() {
        let time = Timestamp(1_715_353_860);
        assert_eq!(http_date(&time.http_date()), Some(time));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn forged_tokens_keep_the_claims() {
        assert_eq!(altered("a.b.Acd"), "a.b.Bcd");
        assert_eq!(altered("a.b.xcd"), "a.b.Acd");
        assert!(unsigned("a.b.c").ends_with(".b."));
        assert_eq!(escape("reg:5000"), "reg%3A5000");
    }
}
