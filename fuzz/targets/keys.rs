//! What is read from the key directory and from the database, and tokens that come back.

use super::text;
use dockpass::domain::caller::AccountId;
use dockpass::domain::random::Random;
use dockpass::domain::time::{Clock, Timestamp};
use dockpass::keys::{
    Expected, KeyDirectory, KeyHeader, KeyRing, SealKey, SessionKey, SigningAlgorithm, Verdict, VerifyKey,
};
use dockpass::password::{Cost, HashError, Hasher, Settings};
use dockpass::service::sessions::SessionId;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_795_500_000);

/// Bytes that count up: keys need not be secret here, and a crash must repeat.
struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(0_u8..=255).for_each(|(byte, value)| *byte = value);
    }
}

impl Clock for Counting {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn directory() -> (TempDir, KeyDirectory) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let keys = KeyDirectory::open_or_create(directory.path(), SigningAlgorithm::Es256, &Counting, &Counting);
    let keys = keys.expect("new keys");
    (directory, keys)
}

/// A stored verifier that was not made with the key is never right, whatever it holds.
pub(crate) fn verifier(data: &[u8]) {
    let key = VerifyKey::ephemeral(&Counting);
    let verdict = key.check(AccountId(7), 3, "SECRET", data);
    assert!(verdict != Verdict::Right || data == key.verifier(AccountId(7), 3, "SECRET"));
    assert!(!key.row_key().check("table", &[data], data));
    let session = SessionKey::ephemeral(&Counting);
    assert!(!session.check("cookie", data, data));
    if let Some(id) = SessionId::parse(&text(data)) {
        assert_eq!(id.expose(), text(data));
    }
}

/// What was not sealed with the key does not open.
pub(crate) fn sealed(data: &[u8]) {
    let key = SealKey::ephemeral(&Counting);
    assert!(key.open(AccountId(7), 3, data).is_err());
}

/// A hash whose parameters would take memory or time without end is refused before any is taken; no text matches by being
/// malformed.
pub(crate) fn phc_string(data: &[u8]) {
    static HASHER: OnceLock<Hasher> = OnceLock::new();
    let settings = Settings { threads: 1, password: Cost::TEST, secret: Cost::TEST, ..Settings::default() };
    let hasher = HASHER.get_or_init(|| Hasher::new(settings, Arc::new(Counting)).expect("a thread"));
    let verdict = hasher.verify_blocking("password", &text(data));
    assert!(matches!(verdict, Ok(false) | Err(HashError::Malformed(_) | HashError::Busy)), "{verdict:?}");
}

/// No text but a token of our own making is a token of ours.
pub(crate) fn token(data: &[u8]) {
    static RING: OnceLock<(TempDir, KeyRing)> = OnceLock::new();
    let (_, ring) = RING.get_or_init(|| {
        let (directory, keys) = directory();
        (directory, KeyRing::open(keys, KeyHeader::X5c, NOW).expect("new keys"))
    });
    let expected = Expected { issuer: "dockpass", audience: "registry.example" };
    assert!(ring.verify(&text(data), expected, NOW).is_err());
}

/// The first byte says which file of the key directory holds the rest. Whatever it is, keys are read whole or not at all.
pub(crate) fn key_file(data: &[u8]) {
    type Files = Vec<(PathBuf, Vec<u8>)>;
    static KEYS: OnceLock<(TempDir, KeyDirectory, Files)> = OnceLock::new();
    let (_, keys, files) = KEYS.get_or_init(|| {
        let (directory, keys) = directory();
        let entries = fs::read_dir(directory.path()).expect("the key directory");
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.file_name().is_some_and(|name| name != ".lock"));
        paths.sort();
        let files =
            paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect();
        (directory, keys, files)
    });
    let Some((which, content)) = data.split_first() else { return };
    let Some((path, original)) = files.get(usize::from(*which) % files.len()) else { return };
    put(path, content);
    let symmetric = keys.symmetric();
    let ring = KeyRing::open(keys.clone(), KeyHeader::X5c, NOW);
    put(path, original);
    // The message names the file; it never holds what is in it.
    for error in [symmetric.err(), ring.err()].into_iter().flatten() {
        assert!(!error.to_string().is_empty());
    }
}

fn put(path: &Path, content: &[u8]) {
    assert!(fs::write(path, content).is_ok(), "{}", path.display());
}
