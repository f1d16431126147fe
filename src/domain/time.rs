//! Points in time as whole seconds, and the clock that the rest of the program is handed.

use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z. May be negative: a wrong clock is not a reason to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time moved by `seconds` (negative: earlier), staying at the ends of the range instead of overflowing.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this time; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC, as the token response's `issued_at` wants it: `2026-11-24T06:08:21Z`.
    pub fn rfc3339(self) -> String {
        self.nearest().to_string()
    }

    /// RFC 2822 with Quay's `-0000` zone: `Fri, 10 May 2024 15:11:00 -0000`.
    pub fn rfc2822(self) -> String {
        self.civil("%a, %d %b %Y %H:%M:%S -0000")
    }

    /// HTTP's `Date` form (RFC 9110 section 5.6.7): `Fri, 10 May 2024 15:11:00 GMT`.
    pub fn http_date(self) -> String {
        self.civil("%a, %d %b %Y %H:%M:%S GMT")
    }

    /// This time in UTC, formatted by a `strftime`-like pattern. Times outside years -9999 to 9999 are
    /// shown as the nearest end of that range.
    pub fn civil(self, pattern: &str) -> String {
        self.nearest().strftime(pattern).to_string()
    }

    fn nearest(self) -> jiff::Timestamp {
        let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        jiff::Timestamp::from_second(self.0.clamp(first, last)).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nearest().fmt(f)
    }
}

/// Where the program gets the time from. Only the wiring in `main` and `cli` picks the real clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_quay_and_of_the_token_protocol() {
        let time = Timestamp(1_715_353_860);
        assert_eq!(time.rfc3339(), "2024-05-10T15:11:00Z");
        assert_eq!(time.to_string(), time.rfc3339());
        assert_eq!(time.rfc2822(), "Fri, 10 May 2024 15:11:00 -0000");
        assert_eq!(time.http_date(), "Fri, 10 May 2024 15:11:00 GMT");
    }

    #[test]
    fn the_ends_of_the_range_do_not_panic() {
        for second in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!Timestamp(second).plus(i64::MAX).rfc3339().is_empty());
            assert!(!Timestamp(second).plus(i64::MIN).rfc2822().is_empty());
        }
    }
}
