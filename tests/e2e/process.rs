//! Programs that keep running: started with their log in a file, ended when dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running program. Dropping it asks it to end, and makes it end if it does not.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` with both its streams in the file `log`, and waits until `ready` says that it serves.
    pub(crate) fn start(mut command: Command, log: &Path, ready: impl Fn() -> bool) -> Daemon {
        let file = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let mut daemon = Daemon { child, log: log.to_owned() };
        let served = wait_until(30, || ready() || daemon.child.try_wait().unwrap().is_some());
        let ended = daemon.child.try_wait().unwrap();
        assert!(served && ended.is_none(), "{command:?} does not serve ({ended:?}):\n{}", daemon.log());
        daemon
    }

    /// What the program has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the program to end (SIGTERM) and says whether it did within ten seconds.
    pub(crate) fn stop(&mut self) -> bool {
        signal(self.pid(), "TERM");
        wait_until(10, || self.child.try_wait().is_ok_and(|status| status.is_some()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_some()) || self.stop() {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the signal called `name` to one process.
pub(crate) fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args([format!("-{name}"), pid.to_string()]).stderr(Stdio::null()).status();
}

/// Whether `condition` came true within `seconds`.
pub(crate) fn wait_until(seconds: u32, mut condition: impl FnMut() -> bool) -> bool {
    for _ in 0..seconds * 50 {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
