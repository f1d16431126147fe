//! Times as people read them: how long ago, with the exact time behind it.

use crate::domain::time::Timestamp;

/// A time on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For programs: RFC 3339 in UTC.
    pub machine: String,
    /// For people who want to know exactly.
    pub exact: String,
    /// For people at a glance.
    pub relative: String,
}

impl Moment {
    /// `at`, seen from `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            machine: at.rfc3339(),
            exact: at.civil("%e %B %Y, %H:%M:%S UTC").trim().to_owned(),
            relative: relative(now.0.saturating_sub(at.0)),
        }
    }
}

const UNITS: [(i64, &str); 6] = [
    (31_536_000, "year"),
    (2_592_000, "month"),
    (604_800, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
];

fn relative(seconds: i64) -> String {
    let size = seconds.saturating_abs();
    let Some((length, unit)) = UNITS.into_iter().find(|(length, _)| size >= *length) else {
        return "just now".to_owned();
    };
    let count = size / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_unit_that_fits_is_used() {
        let cases = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_199, "1 hour ago"),
            (172_800, "2 days ago"),
            (-90, "in 1 minute"),
            (70_000_000, "2 years ago"),
            (i64::MIN, "in 292471208677 years"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(relative(seconds), expected);
        }
    }

    #[test]
    fn the_exact_time_is_told_in_words() {
        let moment = Moment::new(Timestamp(1_715_353_860), Timestamp(1_715_353_960));
        assert_eq!(moment.exact, "10 May 2024, 15:11:00 UTC");
        assert_eq!(moment.machine, "2024-05-10T15:11:00Z");
    }
}
