//! The parts of `docs/performance.md` and the README that are measured.

use crate::process;
use jiff::Timestamp;
use std::time::Duration;

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Writes all tables into `docs/performance.md`, and the one whose title is `summary` into the README.
pub fn write(tables: &[String], summary: &str, command: &str, took: Duration) {
    let date = Timestamp::now().strftime("%Y-%m-%d");
    let head = format!("`{command}`, {date}, {} s, on {}.", took.as_secs(), process::machine());
    let plot = "![dockpass beside the limit of the machine]";
    let all = tables.join("\n");
    replace("docs/performance.md", &format!("{head}\n\n{plot}(performance.svg)\n\n{all}\n"));
    if let Some(section) = tables.iter().find(|table| table.contains(summary)) {
        let table: Vec<_> = section.lines().filter(|line| line.starts_with('|')).collect();
        let table = table.join("\n");
        replace("README.md", &format!("{head}\n\n{table}\n\n{plot}(docs/performance.svg)\n\n"));
    }
}

/// Replaces what stands between the two marks; the text around it is written by hand.
fn replace(name: &str, measured: &str) {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) =
        text.split_once(BEGIN).expect("the document has a mark where the measured part begins");
    let (_, after) = rest.split_once(END).expect("the document has a mark where the measured part ends");
    std::fs::write(&path, format!("{before}{BEGIN}\n{measured}{END}{after}")).unwrap();
    println!("wrote {path}");
}
