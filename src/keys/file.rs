//! Reading and replacing single files of the key directory.

use super::error::{KeyError, Reason};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes read from one key file; an RSA-4096 key in PEM has 3.3 KiB.
const MAX_BYTES: u64 = 64 * 1024;

/// Who may see a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privacy {
    /// Its owner alone.
    Secret,
    /// Everybody may read it (the registry must, for certificates), nobody else may write it.
    Public,
}

/// The whole text of a file, after its mode has been checked on the opened file itself, so that it cannot be swapped in
/// between.
pub(super) fn read(path: &Path, privacy: Privacy) -> Result<Zeroizing<String>, KeyError> {
    let file = File::open(path).map_err(KeyError::io(path, "read"))?;
    let metadata = file.metadata().map_err(KeyError::io(path, "read"))?;
    let (others, verb, right) = match privacy {
        Privacy::Secret => (0o077, "reach", "600"),
        Privacy::Public => (0o022, "write", "644"),
    };
    check_mode(path, metadata.permissions().mode(), others, verb, right)?;
    if metadata.len() > MAX_BYTES {
        return Err(KeyError::content(path, "is larger than any key file"));
    }
    // Reserved in one piece: a growing buffer would leave copies of the key behind in freed memory.
    let reserve = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1);
    let mut text = Zeroizing::new(String::with_capacity(reserve));
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => KeyError::content(path, "is not a text file"),
        _ => KeyError::io(path, "read")(error),
    })?;
    Ok(text)
}

fn check_mode(
    path: &Path,
    mode: u32,
    others: u32,
    verb: &'static str,
    right: &'static str,
) -> Result<(), KeyError> {
    if mode & others == 0 {
        return Ok(());
    }
    Err(KeyError::new(
        path,
        Reason::Mode { mode: mode & 0o7777, verb, right, path: path.display().to_string() },
    ))
}

/// Puts `text` at `path` with mode 0600 so that every reader, also after a power loss, finds the old file or the new one
/// whole. The caller holds the directory's lock, which makes the temporary name its own.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), KeyError> {
    let temporary = path.with_added_extension("new");
    remove(&temporary)?;
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(KeyError::io(path, "written"))?;
    sync_directory(path)
}

/// Removes a file that may already be gone.
pub(super) fn remove(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(KeyError::io(path, "removed")(error)),
        _ => sync_directory(path),
    }
}

/// Makes a name that was added to or removed from the directory of `path` survive a power loss.
fn sync_directory(path: &Path) -> Result<(), KeyError> {
    let Some(directory) = path.parent() else {
        return Ok(());
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(KeyError::io(directory, "synced"))
}

/// Makes the directory, for its owner alone. One that is there already is closed to others: it may come from a checkout or
/// a volume, made under a laxer umask.
pub(super) fn make_directory(path: &Path) -> Result<(), KeyError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(KeyError::io(path, "made"))?;
    let closed = fs::set_permissions(path, Permissions::from_mode(0o700));
    check_directory(path).and(closed.map_err(KeyError::io(path, "closed to other users")))
}

/// Refuses a directory that others may write, because they could put their own keys into it.
pub(super) fn check_directory(path: &Path) -> Result<(), KeyError> {
    let metadata = fs::metadata(path).map_err(KeyError::io(path, "read"))?;
    check_mode(path, metadata.permissions().mode(), 0o022, "write", "700")
}

/// Waits until no other process changes the directory. The lock ends when the returned file is dropped, or with the process.
pub(super) fn lock(directory: &Path) -> Result<File, KeyError> {
    let path = directory.join(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(KeyError::io(&path, "written"))?;
    file.lock().map_err(KeyError::io(&path, "locked"))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_replaced_file_is_whole_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("verify.key");
        fs::write(path.with_added_extension("new"), "left by a crash").unwrap();
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(read(&path, Privacy::Secret).unwrap().as_str(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn any_bit_for_others_on_a_secret_is_refused_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("verify.key");
        replace(&path, "secret").unwrap();
        for bits in [0o604, 0o640, 0o602, 0o620, 0o610, 0o601, 0o777] {
            mode(&path, bits);
            let error = read(&path, Privacy::Secret).unwrap_err().to_string();
            assert!(error.contains(&format!("{bits:04o}")), "{error}");
            assert!(error.ends_with(&format!("chmod 600 {}", path.display())), "{error}");
            assert!(!error.contains("secret\n"), "{error}");
        }
        for bits in [0o600, 0o400] {
            mode(&path, bits);
            read(&path, Privacy::Secret).unwrap();
        }
    }

    #[test]
    fn a_public_file_may_be_read_but_not_written_by_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.crt");
        replace(&path, "public").unwrap();
        mode(&path, 0o644);
        read(&path, Privacy::Public).unwrap();
        mode(&path, 0o664);
        read(&path, Privacy::Public).unwrap_err();
    }

    #[test]
    fn a_directory_that_others_may_write_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        make_directory(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        mode(&path, 0o755);
        check_directory(&path).unwrap();
        mode(&path, 0o770);
        let error = check_directory(&path).unwrap_err().to_string();
        assert!(error.contains("must not write it; run: chmod 700"), "{error}");
        make_directory(&path).unwrap();
        check_directory(&path).unwrap();
    }

    #[test]
    fn binary_and_oversized_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("verify.key");
        replace(&path, "").unwrap();
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path, Privacy::Secret).unwrap_err().to_string().contains("not a text file"));
        fs::write(&path, vec![b'a'; 65_536]).unwrap();
        assert_eq!(read(&path, Privacy::Secret).unwrap().len(), 65_536);
        fs::write(&path, vec![b'a'; 65_537]).unwrap();
        assert!(read(&path, Privacy::Secret).unwrap_err().to_string().contains("larger"));
    }
    #[test]
    fn what_is_not_there_is_removed_already_and_what_cannot_be_is_told() {
        let directory = tempfile::tempdir().unwrap();
        remove(&directory.path().join("none")).unwrap();
        assert!(remove(directory.path()).is_err());
        assert!(sync_directory(&directory.path().join("none/verify.key")).is_err());
    }
}
