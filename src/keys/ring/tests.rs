use super::*;
use crate::domain::caller::Caller;
use crate::domain::claims::Claims;
use crate::domain::decide::{Facts, Policy, decide};
use crate::domain::time::Clock;
use crate::keys::{KeyState, RETENTION};
use crate::system::SystemRandom;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const NOW: Timestamp = Timestamp(1_800_000_000);

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn create(path: &Path) -> Result<KeyDirectory, KeyError> {
    KeyDirectory::open_or_create(path, SigningAlgorithm::Es256, &FixedClock, &SystemRandom::default())
}

fn ring(directory: &KeyDirectory) -> KeyRing {
    KeyRing::open(directory.clone(), KeyHeader::X5c, NOW).unwrap()
}

fn token(ring: &KeyRing) -> String {
    let granted = decide(&Caller::Anonymous, &[], Policy::default(), |_| Facts::default());
    let claims =
        Claims::new("dockpass", "", "registry.example", &granted, NOW, 300, &SystemRandom::default())
            .unwrap();
    ring.sign(&claims).unwrap().to_string()
}

fn verifies(ring: &KeyRing, token: &str) -> bool {
    let expected = Expected { issuer: "dockpass", audience: "registry.example" };
    ring.verify(token, expected, NOW).is_ok()
}

fn all_files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn first_use_makes_private_files_and_later_use_changes_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a/keys");
    create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let files = all_files(&path);
    for (name, _) in &files {
        let mode = fs::metadata(path.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(files.len(), 9, "{:?}", files.iter().map(|file| &file.0).collect::<Vec<_>>());
    create(&path).unwrap();
    assert_eq!(all_files(&path), files);
}

#[test]
fn starting_together_ends_with_the_same_keys() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let ids: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let directory = create(&path).unwrap();
                    (directory.symmetric().unwrap().verify.id(), ring(&directory).signing().0)
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_interrupted_first_use_is_finished() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    create(&path).unwrap();
    let complete = all_files(&path);
    // The register is written last, so any part of the other files may be missing without it.
    for kept in 0..complete.len() {
        fs::remove_dir_all(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let written = ["verify.key", "seal.key", "session.key", "root.key", "root.crt"];
        for name in written.iter().take(kept) {
            let text = &complete.iter().find(|file| file.0 == *name).unwrap().1;
            fs::write(path.join(name), text).unwrap();
            fs::set_permissions(path.join(name), Permissions::from_mode(0o600)).unwrap();
        }
        let directory = create(&path).unwrap();
        directory.symmetric().unwrap();
        assert!(verifies(&ring(&directory), &token(&ring(&directory))));
    }
}

#[test]
fn a_missing_or_damaged_file_is_named_and_never_made_anew() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let directory = create(&path).unwrap();
    let load = || directory.symmetric().map(drop).and(directory.load(NOW).map(drop));
    load().unwrap();
    for (name, content) in all_files(&path) {
        if name == ".lock" || name == "root.key" {
            continue;
        }
        let file = path.join(&name);
        let message = || {
            create(&path).unwrap();
            let error = load().unwrap_err();
            assert_eq!(error.path(), file, "{error}");
            error.to_string()
        };
        if name != "signing.json" {
            fs::remove_file(&file).unwrap();
            assert!(message().contains("is missing; restore it from a backup"));
        }
        fs::write(&file, "damaged").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        message();
        fs::write(&file, &content).unwrap();
        for mode in [0o602, 0o660, 0o622] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert!(message().contains("chmod 6"));
        }
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(load().is_err(), Path::new(&name).extension().is_some_and(|it| it == "key"), "{name}");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        load().unwrap();
    }
}

#[test]
fn the_root_key_may_be_kept_elsewhere_until_the_next_rotation() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    fs::remove_file(directory.file("root.key")).unwrap();
    assert!(verifies(&ring(&directory), &token(&ring(&directory))));
    let error = directory.rotate(SigningAlgorithm::Es256, NOW).unwrap_err();
    assert_eq!(error.path(), directory.file("root.key"));
}

#[test]
fn swapped_files_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let first = ring(&directory).signing().0;
    let second = directory.publish(SigningAlgorithm::Es256, NOW).unwrap();
    let swap = |left: &str, right: &str| {
        let (left, right) = (directory.file(left), directory.file(right));
        let texts = (fs::read(&left).unwrap(), fs::read(&right).unwrap());
        fs::write(&left, texts.1).unwrap();
        fs::write(&right, texts.0).unwrap();
    };
    swap(&first.key_file(), &second.key_file());
    let error = directory.load(NOW).unwrap_err().to_string();
    assert!(error.contains("does not belong to the certificate"), "{error}");
    swap(&first.certificate_file(), &second.certificate_file());
    let error = directory.load(NOW).unwrap_err().to_string();
    assert!(error.contains("than its name says"), "{error}");
}

#[test]
fn a_rotation_is_noticed_and_old_tokens_stay_valid() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let ring = ring(&directory);
    let before = token(&ring);
    assert!(matches!(ring.reload(NOW), Reload::Unchanged));
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        let id = directory.rotate(algorithm, NOW).unwrap();
        assert!(matches!(ring.reload(NOW), Reload::Replaced(new) if new == id));
        assert!(matches!(ring.reload(NOW), Reload::Unchanged));
        assert_eq!(ring.signing(), (id, algorithm));
        assert!(verifies(&ring, &before) && verifies(&ring, &token(&ring)));
    }
    assert_eq!(ring.jwks(NOW).matches("\"kid\"").count(), 8);
    directory.prune(NOW.plus(RETENTION + 1)).unwrap();
    assert!(matches!(ring.reload(NOW), Reload::Replaced(_)));
    assert!(!verifies(&ring, &before));
    assert_eq!(all_files(directory.path()).len(), 9, "files of forgotten keys are gone");
}

#[test]
fn a_staged_rotation_publishes_before_it_signs() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let ring = ring(&directory);
    let (first, _) = ring.signing();
    let second = directory.publish(SigningAlgorithm::Es256, NOW).unwrap();
    assert!(matches!(ring.reload(NOW), Reload::Replaced(id) if id == first));
    assert!(ring.jwks(NOW).contains(second.as_str()));
    directory.activate(&second, NOW).unwrap();
    ring.reload(NOW);
    assert_eq!(ring.signing().0, second);
    let states: Vec<_> =
        directory.published(NOW).unwrap().keys().iter().map(|key| key.entry().state()).collect();
    assert_eq!(states, [KeyState::Signing, KeyState::Retired]);
    directory.withdraw(&second).unwrap_err();
    directory.withdraw(&first).unwrap();
    assert!(!directory.file(&first.key_file()).exists());
    directory.activate(&first, NOW).unwrap_err();
}

#[test]
fn a_bad_file_leaves_the_old_key_in_use_and_is_reported_once_a_minute() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let ring = ring(&directory);
    let key = directory.file(&ring.signing().0.key_file());
    let good = fs::read(&key).unwrap();
    fs::write(&key, "damaged").unwrap();
    assert!(matches!(ring.reload(NOW), Reload::Failed(error) if error.path() == key));
    assert!(matches!(ring.reload(NOW.plus(59)), Reload::StillFailing));
    assert!(matches!(ring.reload(NOW.plus(60)), Reload::Failed(_)));
    assert!(matches!(ring.reload(NOW.plus(-9)), Reload::Failed(_)), "clock set back");
    assert!(verifies(&ring, &token(&ring)));
    fs::write(&key, good).unwrap();
    assert!(matches!(ring.reload(NOW), Reload::Replaced(_)));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(ring.reload(NOW), Reload::Failed(_)), "a new fault is reported at once");
    assert!(verifies(&ring, &token(&ring)));
}

#[test]
fn a_key_that_cannot_sign_is_not_activated() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let second = directory.publish(SigningAlgorithm::Es256, NOW).unwrap();
    fs::write(directory.file(&second.key_file()), "damaged").unwrap();
    directory.activate(&second, NOW).unwrap_err();
    assert_ne!(ring(&directory).signing().0, second);
}

#[test]
fn bundles_hold_the_root_and_no_certificate_that_stops_an_old_registry() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    directory.rotate(SigningAlgorithm::EdDsa, NOW).unwrap();
    let published = directory.published(NOW).unwrap();
    let count = |pem: &str| {
        let chain = crate::keys::certificate::parse_chain(pem).unwrap();
        let kinds = chain.iter().map(|der| crate::keys::certificate::public_key(der).unwrap());
        assert!(kinds.into_iter().all(|key| key.algorithm() == SigningAlgorithm::Es256));
        chain.len()
    };
    assert_eq!(count(published.root_certificate()), 1);
    assert_eq!(count(&published.certificate_bundle(NOW)), 2);
}

#[test]
fn what_was_made_here_does_not_end() {
    let parent = tempfile::tempdir().unwrap();
    let ring = ring(&create(&parent.path().join("keys")).unwrap());
    let (root, signing) = ring.expires();
    for end in [root, signing] {
        // 9999-12-31T00:00:00Z
        assert_eq!(end, Some(Timestamp(253_402_214_400)));
    }
}

#[test]
fn changes_and_reads_at_the_same_time_never_fail() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(&parent.path().join("keys")).unwrap();
    let ring = ring(&directory);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let old = directory.load(NOW).unwrap().signing.public().id().clone();
                    directory.rotate(SigningAlgorithm::Es256, NOW).unwrap();
                    drop(directory.withdraw(&old));
                }
            });
        }
        for _ in 0..200 {
            let reload = ring.reload(NOW);
            assert!(matches!(reload, Reload::Unchanged | Reload::Replaced(_)), "{reload:?}");
            assert!(verifies(&ring, &token(&ring)));
        }
    });
}

#[test]
fn the_root_that_is_handed_out_is_the_one_on_disk() {
    let parent = tempfile::tempdir().unwrap();
    let directory = create(parent.path()).unwrap();
    let file = fs::read_to_string(parent.path().join("root.crt")).unwrap();
    assert!(file.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(ring(&directory).root_certificate(), file);
}
