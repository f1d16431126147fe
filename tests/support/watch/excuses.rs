//! Where a secret may be found, and why: the only list of exceptions.

use super::Place;

/// What one test does on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// What the database holds is tried as a password: a thief would do that.
    TriesWhatIsStored,
}

/// Whether `what` may be found there.
pub(super) fn excused(excuses: &[Excuse], place: Place, what: &str) -> bool {
    // The page with the form again, and with what is wrong in it, goes to the browser whose token is in it.
    let own_form = place == Place::Error && what == "CSRF token";
    let tried = ["password of a login", "refresh_token"].contains(&what);
    own_form || tried && excuses.contains(&Excuse::TriesWhatIsStored)
}
