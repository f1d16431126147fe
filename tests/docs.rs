//! What the documents show works: every command line is understood by the program, every configuration is read.

use dockpass::config::Config;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block of a document: where it stands, its language and its text.
struct Block {
    place: String,
    language: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let mut documents = Vec::new();
    for directory in [root(), root().join("docs")] {
        let entries = std::fs::read_dir(directory).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        documents.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    assert!(documents.iter().any(|path| path.ends_with("README.md")));
    documents
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim_start();
            match (trimmed.strip_prefix("```"), open.take()) {
                (Some(language), None) => {
                    let name = document.file_name().unwrap().to_string_lossy();
                    let place = format!("{name}:{}", number + 1);
                    open = Some(Block { place, language: language.to_owned(), text: String::new() });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.text.push_str(trimmed_like(line));
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{} has a block that does not end", document.display());
    }
    blocks
}

/// A line without the indentation of the list that the block stands in (three blanks at most).
fn trimmed_like(line: &str) -> &str {
    line.strip_prefix("   ").unwrap_or(line)
}

/// The words of a shell line up to a redirection, a pipe or a comment.
fn words(line: &str) -> Vec<String> {
    let words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned());
    words.take_while(|word| !matches!(word.as_str(), ">" | ">>" | "<" | "|" | "#" | "&&")).collect()
}

#[test]
fn every_command_line_is_understood() {
    let mut checked = 0;
    for block in blocks().iter().filter(|block| block.language == "sh") {
        for line in block.text.lines() {
            let mut words = words(line);
            // `docker compose exec dockpass dockpass ...` ends in ours as well.
            let Some(start) = words.iter().rposition(|word| word == "dockpass") else { continue };
            words.drain(..=start);
            // Help is given only once all words before it have been understood.
            let help =
                Command::new(env!("CARGO_BIN_EXE_dockpass")).args(&words).arg("--help").output().unwrap();
            let error = String::from_utf8_lossy(&help.stderr);
            assert!(help.status.success(), "{}: {line}\n{error}", block.place);
            checked += 1;
        }
    }
    assert!(checked >= 5, "only {checked} lines were found");
}

#[test]
fn every_make_target_is_there() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for block in blocks().iter().filter(|block| block.language == "sh") {
        for line in block.text.lines() {
            if let ["make", target, ..] = words(line).iter().map(String::as_str).collect::<Vec<_>>()[..] {
                let rule = format!("\n{target}:");
                assert!(makefile.contains(&rule), "{}: there is no target {target}", block.place);
            }
        }
    }
}

#[test]
fn every_configuration_is_read() {
    let mut checked = 0;
    for block in blocks() {
        let first = block.text.lines().next().unwrap_or_default();
        if block.language == "yaml" && first.starts_with("# config.yaml") {
            let environment: BTreeMap<String, String> = BTreeMap::new();
            let config = Config::parse(Some((Path::new(&block.place), &block.text)), &environment);
            config.unwrap_or_else(|error| panic!("{}: {error}", block.place));
            checked += 1;
        }
    }
    assert!(checked >= 1);
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link} is not there", document.display());
        }
    }
}
