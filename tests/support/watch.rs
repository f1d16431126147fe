//! Canaries: every secret that a test issues or sends is looked for in everything that its installation leaves behind, when
//! the installation goes. What is found fails the test.
//!
//! `DOCKPASS_CANARIES=FILE` has the figures of each installation appended to a file (`tests/canaries.sh` adds them up).

mod excuses;
mod files;
mod log;
mod observe;
mod processes;
mod search;

pub(crate) use excuses::Excuse;

use dockpass::domain::random::Random;
use search::{LEAST, Search};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What may show a secret to somebody who was not given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Log,
    Metrics,
    Audit,
    /// An answer of status 400 and above, or what a command writes to standard error.
    Error,
    /// The database, what is beside it and every copy of it.
    File,
    /// Arguments and environment of a process.
    Process,
}

#[derive(Default)]
struct State {
    /// Each with what it is.
    secrets: BTreeMap<Vec<u8>, String>,
    /// What was drawn to make secrets of.
    drawn: BTreeSet<Vec<u8>>,
    /// The halves of tokens that only find them.
    halves: BTreeSet<Vec<u8>>,
    left: Vec<(Place, String, Vec<u8>)>,
    excuses: Vec<Excuse>,
}

/// The secrets of one installation, and what it leaves behind. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
    log: Option<Arc<log::Reader>>,
}

impl Watch {
    /// With the log of this process among what is left behind.
    pub(crate) fn in_this_process() -> Self {
        Self { log: Some(Arc::new(log::Reader::start())), ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nobody may find this. What is too short, or too simple, would be found by accident.
    pub(crate) fn secret(&self, what: &str, secret: &[u8]) {
        let (public, secret) = secret.split_at(public(what, secret));
        let different: BTreeSet<_> = secret.iter().collect();
        if secret.len() >= LEAST && different.len() > 4 {
            let mut state = self.state();
            state.secrets.entry(secret.to_vec()).or_insert_with(|| what.to_owned());
            state.halves.insert(public.to_vec());
        }
    }

    /// Something that was left behind.
    pub(crate) fn left(&self, place: Place, name: &str, bytes: Vec<u8>) {
        self.state().left.push((place, name.to_owned(), bytes));
    }

    /// This test has a reason.
    pub(crate) fn excuse(&self, excuse: Excuse) {
        self.state().excuses.push(excuse);
    }

    /// Looks for everything everywhere. `directory` is where the installation lies: its keys are secrets, its other files are
    /// looked into, and so is a backup of its database.
    pub(crate) fn finish(&self, directory: &Path) {
        if let Some(log) = &self.log {
            self.left(Place::Log, "log of the tests", log.read());
        }
        self.leave_port();
        self.copies(directory);
        self.files(directory);
        let State { mut secrets, drawn, halves, left, excuses } = std::mem::take(&mut *self.state());
        // Half of an application token finds its row, though it is drawn like the other one.
        let known =
            |piece: &Vec<u8>| halves.iter().any(|half| half.windows(piece.len()).any(|part| part == piece));
        for piece in drawn.into_iter().filter(|piece| !known(piece)) {
            secrets.entry(piece).or_insert_with(|| "what was drawn for a secret".to_owned());
        }
        let names: Vec<_> = secrets.values().collect();
        let search = Search::new(secrets.keys().map(Vec::as_slice));
        let mut found = Vec::new();
        for (place, name, bytes) in &left {
            for one in search.find(bytes) {
                let what = names[one.secret];
                if !excuses::excused(&excuses, *place, what) {
                    found.push(format!("{what} in {name} at {}: {}", one.at, one.around));
                }
            }
        }
        tell(secrets.len(), &left);
        found.truncate(20);
        assert!(found.is_empty(), "secrets were left behind:\n{}", found.join("\n"));
    }
}

/// How many bytes of a secret others may know: of a signed token all but the signature, of a token that is looked up by its first
/// half that half.
fn public(what: &str, secret: &[u8]) -> usize {
    let plain = secret.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match secret.len() {
        length @ (40 | 120) if plain && what != "client_secret" => length / 2,
        _ if secret.starts_with(b"ey") => {
            secret.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1)
        }
        // Whose it is and when it was made stand before the rest.
        length if secret.starts_with(b"dpr_") => length.saturating_sub(42),
        _ => 0,
    }
}

fn tell(secrets: usize, left: &[(Place, String, Vec<u8>)]) {
    let Some(file) = std::env::var_os("DOCKPASS_CANARIES") else { return };
    let mut line = format!("{secrets} secrets");
    for (place, _, bytes) in left {
        let _ = write!(line, " {place:?}:{}", bytes.len());
    }
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
    // In one piece: other tests write to it, too.
    file.write_all((line + "\n").as_bytes()).unwrap();
}

/// Remembers what is drawn to make secrets of.
pub(super) struct Drawn<R> {
    pub(super) random: R,
    pub(super) watch: Watch,
}

impl<R: Random> Random for Drawn<R> {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
        // `domain::random::text` draws this many bytes at a time. Of what it makes of them the first 20 characters may be a
        // client's id or what finds an access token.
        if bytes.len() == 64 {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
            let text = bytes.iter().filter(|byte| **byte < 252).map(|byte| ALPHABET[usize::from(*byte) % 36]);
            let text: Vec<u8> = text.skip(20).take(20).collect();
            self.watch.state().drawn.insert(text);
        }
    }
}
