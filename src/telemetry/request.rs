//! One request, as the log shows it.

use crate::domain::random::Random;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Connects a request with its log line, audit event and error message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// 16 random bytes in hexadecimal.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        let mut text = String::with_capacity(2 * bytes.len());
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
        Self(text.into())
    }

    /// The id that a client or proxy chose, if it is harmless: 1 to 64 characters out of `A-Za-z0-9_-.`. It ends up in
    /// logs and answers, so anything else is replaced by a new one.
    pub fn from_header(value: Option<&[u8]>, random: &dyn Random) -> Self {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        value
            .filter(|value| (1..=64).contains(&value.len()) && value.iter().all(harmless))
            .and_then(|value| std::str::from_utf8(value).ok())
            .map_or_else(|| Self::new(random), |value| Self(value.into()))
    }

    /// The id as text, safe for headers and logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the log says about a finished request. There is no place in it for a URL, a header or a body: those are where
/// secrets travel.
#[derive(Clone, Copy, Debug)]
pub struct RequestRecord<'a> {
    /// The route's fixed label, not the path.
    pub route: &'static str,
    /// The method as sent; only its first 16 characters are kept.
    pub method: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// From the complete request head to the complete answer head.
    pub duration: Duration,
    /// The proven name of the caller; empty when there is none. Never a name that was merely claimed.
    pub caller: &'a str,
    /// See [`RequestId`].
    pub request_id: &'a RequestId,
    /// Address of the client, behind trusted proxies.
    pub client: &'a str,
}

impl RequestRecord<'_> {
    /// Writes the line: as a warning when dockpass failed (5xx), else as information.
    pub fn log(&self) {
        let method = self
            .method
            .char_indices()
            .nth(16)
            .map_or(self.method, |(end, _)| self.method.get(..end).unwrap_or(""));
        let duration_us = u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "request",
                    route = self.route,
                    method,
                    status = self.status,
                    duration_us,
                    caller = self.caller,
                    request_id = self.request_id.as_str(),
                    client = self.client,
                    "request"
                )
            };
        }
        if self.status >= 500 {
            line!(warn);
        } else {
            line!(info);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        let take = |value: &[u8]| RequestId::from_header(Some(value), &SystemRandom::default());
        assert_eq!(take(b"Abc_1-2.3").as_str(), "Abc_1-2.3");
        let long = "x".repeat(65);
        for bad in ["", "a b", "a\n", "a\"", "é", "a;b", &long] {
            let id = take(bad.as_bytes());
            assert_eq!(id.as_str().len(), 32, "{bad:?}");
            assert!(id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        let random = SystemRandom::default();
        assert_ne!(RequestId::from_header(None, &random), RequestId::from_header(None, &random));
    }
}
