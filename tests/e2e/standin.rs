//! Images under the names of public ones, made here from this machine's own programs: nothing can be pulled in a
//! test. They hold a program, the libraries it needs, and what else a caller puts beside it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::clients::Docker;
use super::tools::{command, run};

/// The files of an image in the making.
pub(crate) struct StandIn(TempDir);

impl StandIn {
    pub(crate) fn new() -> StandIn {
        StandIn(tempfile::Builder::new().prefix("image-").tempdir().unwrap())
    }

    /// Copies a program of this machine to `target`, with its libraries and the loader.
    pub(crate) fn program(self, source: &Path, target: &str) -> StandIn {
        let libraries = run(command("ldd").arg(source)).stdout;
        let paths = libraries.split_whitespace().filter(|word| word.starts_with('/'));
        for library in paths.map(|word| word.trim_end_matches(':')) {
            // To the place where the loader looks, whatever links lead there on this machine.
            self.copy(&std::fs::canonicalize(library).unwrap(), library);
        }
        self.copy(source, target);
        self
    }

    /// Writes an executable file.
    pub(crate) fn script(self, target: &str, text: &str) -> StandIn {
        let path = self.place(target);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Makes the image `name`; `changes` are lines of a Dockerfile.
    pub(crate) fn import(self, docker: &Docker, name: &str, changes: &[&str]) {
        let archive = self.0.path().with_extension("tar");
        let (archive, root) = (archive.to_str().unwrap(), self.0.path().to_str().unwrap());
        run(command("tar").args(["-cf", archive, "-C", root, "."])).output();
        let mut arguments = vec!["import"];
        arguments.extend(changes.iter().flat_map(|change| ["--change", change]));
        arguments.extend([archive, name]);
        docker.run(&arguments, "").output();
        std::fs::remove_file(archive).unwrap();
    }

    fn copy(&self, source: &Path, target: &str) {
        std::fs::copy(source, self.place(target)).unwrap();
    }

    fn place(&self, target: &str) -> PathBuf {
        let path = self.0.path().join(target.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}
