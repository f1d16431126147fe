//! The part of `docs/performance.md` that is measured.

use crate::process;
use jiff::Timestamp;
use std::time::Duration;

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Replaces what stands between the two marks; the text around it is written by hand.
pub fn write(tables: &[String], command: &str, took: Duration) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) =
        text.split_once(BEGIN).expect("the document has a mark where the measured part begins");
    let (_, after) = rest.split_once(END).expect("the document has a mark where the measured part ends");
    let date = Timestamp::now().strftime("%Y-%m-%d");
    let head = format!("`{command}`, {date}, {} s, on {}.\n", took.as_secs(), process::machine());
    let measured = format!(
        "{head}\n![dockpass beside the limit of the machine](performance.svg)\n\n{}\n",
        tables.join("\n")
    );
    std::fs::write(path, format!("{before}{BEGIN}\n{measured}{END}{after}")).unwrap();
    println!("wrote {path}");
}
