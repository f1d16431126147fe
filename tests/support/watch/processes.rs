//! The same for the program as a process of its own: what it is started with, what it serves and prints.

use super::{Place, Watch};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whose server has which port.
static SERVED: Mutex<BTreeMap<u16, Watch>> = Mutex::new(BTreeMap::new());

/// Logs of servers that are gone are kept up to this many bytes; a long test kills thousands of them.
const LOGS: usize = 64 << 20;

impl Watch {
    /// With the requests and answers of the server on this port, if `e2e::http` sends them.
    pub(crate) fn of_port(port: u16) -> Self {
        let watch = Self::default();
        SERVED.lock().unwrap_or_else(PoisonError::into_inner).insert(port, watch.clone());
        watch
    }

    /// Who watches the server with this address, such as `127.0.0.1:8480`.
    pub(crate) fn whose(address: &str) -> Option<Self> {
        let port = address.rsplit(':').next()?.parse().ok()?;
        SERVED.lock().unwrap_or_else(PoisonError::into_inner).get(&port).cloned()
    }

    /// The port is another test's now.
    pub(super) fn leave_port(&self) {
        let mut served = SERVED.lock().unwrap_or_else(PoisonError::into_inner);
        served.retain(|_, watch| !Arc::ptr_eq(&watch.state, &self.state));
    }

    /// What a command is started with.
    pub(crate) fn command(&self, command: &Command) {
        let mut words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        words.extend(command.get_envs().filter_map(|(_, value)| Some(value?.to_string_lossy().into_owned())));
        self.left(Place::Process, "arguments and environment of a command", words.join("\n").into_bytes());
    }

    /// What everybody on the machine can see of a server, or its own user.
    pub(crate) fn process(&self, id: u32) {
        for name in ["cmdline", "environ"] {
            if let Ok(bytes) = fs::read(format!("/proc/{id}/{name}")) {
                self.left(Place::Process, name, bytes);
            }
        }
    }

    /// What a command has written: what it was asked for, and messages.
    pub(crate) fn ran(&self, output: &Output) {
        self.printed(&String::from_utf8_lossy(&output.stdout));
        self.left(Place::Error, "messages of a command", output.stderr.clone());
    }

    /// The log of a server before another one writes to the same file.
    pub(crate) fn log(&self, log: String) {
        let kept: usize = self.state().left.iter().map(|(_, _, bytes)| bytes.len()).sum();
        if !log.is_empty() && kept < LOGS {
            self.left(Place::Log, "log of a server", log.into_bytes());
        }
    }

    /// The metrics of a server that is about to end, if it answers.
    pub(crate) fn metrics(&self, port: u16) {
        let ask = || {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        };
        if let Ok(answer) = ask() {
            self.left(Place::Metrics, "metrics", answer);
        }
    }
}
