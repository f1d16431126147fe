//! Benchmarks: how close dockpass comes to the limit of the machine, and what changes with size.
//!
//! `run` measures everything that docs/performance.md shows. The rest are its parts, to be used alone: `load` sends
//! requests to any token service, `reference` is the limit to compare with, `dataset` writes large installations,
//! `tokens` stays inside one process, `profile` shows where the time goes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    clippy::format_collect,
    unreachable_pub,
    reason = "a benchmark that cannot go on should stop, and measures real time"
)]

mod alone;
mod certificate;
mod client;
mod dataset;
mod document;
mod flame;
mod histogram;
mod installation;
mod load;
mod measure;
mod plot;
mod process;
mod profile;
mod reference;
mod report;
mod request;
mod server;
mod tokens;

use clap::Parser;

/// As in the service: allocations are part of what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "dockpass-bench")]
enum Command {
    /// Measure everything and print tables.
    Run(measure::Run),
    /// Load a token service: any that answers the Docker token protocol.
    Load(alone::Load),
    /// Serve one signature for each request and nothing else.
    Reference(reference::Reference),
    /// Write a data set.
    Dataset(alone::Dataset),
    /// Answer token requests inside this process.
    Tokens(tokens::Tokens),
    /// Sample the service under load with perf.
    Profile(profile::Profile),
}

fn main() {
    // `cargo bench` adds this for harnesses that tell tests from benchmarks by it.
    let arguments = std::env::args_os().filter(|argument| argument != "--bench");
    match Command::parse_from(arguments) {
        Command::Run(options) => measure::run(&options),
        Command::Load(options) => options.run(),
        Command::Reference(options) => reference::serve(&options),
        Command::Dataset(options) => options.run(),
        Command::Tokens(options) => tokens::run(&options),
        Command::Profile(options) => profile::run(&options),
    }
}
