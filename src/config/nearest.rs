//! Which name was meant.

/// The candidate that differs least from `name`, if it is near enough to be a slip of the keyboard.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer text cannot be near any key, and the distance costs length times length.
    if name.len() > 100 {
        return None;
    }
    let upper = name.to_uppercase();
    candidates
        .map(|candidate| (distance(&upper, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 4))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let mut previous: Vec<usize> = (0..=right.chars().count()).collect();
    for (row, from) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for ((to, diagonal), above) in right.chars().zip(&previous).zip(previous.iter().skip(1)) {
            let beside = current.last().copied().unwrap_or(0);
            let replaced = diagonal + usize::from(from != to);
            current.push(replaced.min(above + 1).min(beside + 1));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_edits() {
        for (left, right, expected) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("same", "same", 0)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_near_names_are_suggested_and_case_does_not_matter() {
        let keys = ["LISTEN", "TOKEN_LIFETIME", "ROBOTS_DISALLOW"];
        let suggest = |name| nearest(name, keys.into_iter());
        assert_eq!(suggest("TOKEN_LIFTIME"), Some("TOKEN_LIFETIME"));
        assert_eq!(suggest("robots_disalow"), Some("ROBOTS_DISALLOW"));
        assert_eq!(suggest("listen"), Some("LISTEN"));
        assert_eq!(suggest("SOMETHING_ELSE"), None);
        assert_eq!(suggest(&"X".repeat(5000)), None);
    }
}
