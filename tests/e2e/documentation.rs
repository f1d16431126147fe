//! The curl lines of Quay's documentation, run as they stand by a shell with the real curl. Only what cannot stand in a
//! document is put in: secrets and ids that an earlier answer gave. That the name of the host leads here is told to curl by
//! its own configuration file, so that nothing has to be changed in the lines.

use super::dockpass::program;
use super::process::{Daemon, free_port};
use super::tools;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

const LINES: &str = include_str!("documentation.txt");
const HOST: &str = "quay-server.example.com";

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_curl_lines_of_quays_documentation_do_what_is_written_there() {
    if !tools::have(&["curl", "sh"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let _server = serve(directory.path());
    let mut known = BTreeMap::new();
    let (mut given, mut failed) = (0, Vec::new());
    for paragraph in LINES.split("\n\n").filter(|paragraph| paragraph.starts_with("$ ")) {
        let mut lines = paragraph.lines();
        let line = fill(lines.next().unwrap().trim_start_matches("$ "), &known);
        given += 1;
        let answer = run(directory.path(), &line);
        for expected in lines {
            if let Err(wrong) = check(&answer, expected, &mut known) {
                failed.push(format!("{line}\n  {wrong}\n  {answer:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "of {given} lines:\n{}", failed.join("\n"));
}

/// Status and body of an answer.
type Answer = (String, String);

/// Starts dockpass as somebody would who follows the documentation: with TLS, and a super-user yet to be made.
fn serve(directory: &Path) -> Daemon {
    let port = free_port();
    let pair = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("tls.crt", &pair.cert.pem());
    write("tls.key", &pair.signing_key.serialize_pem());
    write(
        "config.yaml",
        &format!(
            "LISTEN: [127.0.0.1:{port}]\nTLS_CERTIFICATE: tls.crt\nTLS_PRIVATE_KEY: tls.key\nSERVER_HOSTNAME: {HOST}\n\
             SUPER_USERS: [quayadmin]\nFEATURE_USER_INITIALIZE: true\nFEATURE_SUPERUSERS_FULL_ACCESS: true\n"
        ),
    );
    write(
        ".curlrc",
        &format!(
            "connect-to = \"{HOST}:443:127.0.0.1:{port}\"\ncacert = \"{0}/tls.crt\"\ndump-header = \"{0}/head\"\nsilent\n",
            directory.display()
        ),
    );
    let mut command = Command::new(program());
    command.arg("serve").current_dir(directory).env_clear();
    Daemon::start(command, &directory.join("log"), || TcpStream::connect(("127.0.0.1", port)).is_ok())
}

fn run(directory: &Path, line: &str) -> Answer {
    let mut shell = tools::command("sh");
    shell.args(["-c", line]).current_dir(directory).env("CURL_HOME", directory).env("NO_PROXY", "*");
    let outcome = tools::run(&mut shell);
    assert!(outcome.success, "{outcome}");
    let head = std::fs::read_to_string(directory.join("head")).unwrap();
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, outcome.stdout.trim().to_owned())
}

fn fill(text: &str, known: &BTreeMap<String, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Compares an answer with a line below a command, and keeps what it gives.
fn check(
    (status, body): &Answer,
    expected: &str,
    known: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let (wanted, part) = expected.split_once(' ').unwrap_or((expected, ""));
    if status != wanted {
        return Err(format!("{wanted} is written there"));
    }
    let part = fill(part, known);
    let Some((before, name)) = part.split_once('<') else {
        return if body.contains(&part) { Ok(()) } else { Err(format!("{part} is written there")) };
    };
    let value = body.split_once(before).and_then(|(_, rest)| rest.split('"').next());
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| format!("nothing gives <{name}"))?;
    known.insert(format!("<{}", name.trim_end_matches('"')), value.to_owned());
    Ok(())
}
