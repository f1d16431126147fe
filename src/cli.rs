//! The command line: wires everything and returns an exit code.
//!
//! Each command is one file below, with its arguments and what it does. Arguments are read into checked types by clap
//! (`parse`); a command then calls the services and prints what they return (`output`). Administration works on
//! the configured database directly, also while the server runs.

mod admin;
mod audit;
mod backup;
mod completion;
mod config;
mod default_permission;
mod doctor;
mod error;
mod init;
mod key;
mod open;
mod org;
mod output;
mod parse;
mod permission;
mod prompt;
mod registry_config;
mod repo;
mod robot;
mod serve;
mod team;
mod terminal;
mod user;

use crate::config::ProcessEnvironment;
use clap::{Args, CommandFactory, Parser, Subcommand};
use error::CliError;
use output::{Output, Shape};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  dockpass serve                                  run the service with its defaults
  dockpass registry-config >> config.yml          what the registry needs to trust it
  dockpass org create acme
  dockpass repo create acme/app
  dockpass robot create acme+ci --repository app:write
  dockpass robot credentials acme+ci --format podman | sh

Exit codes: 0 done, 1 refused or failed, 2 usage or configuration, 3 not found, 4 database or keys not available.
See `dockpass help exit-codes`.";

/// Robot accounts and registry tokens for any OCI registry.
#[derive(Debug, Parser)]
#[command(name = "dockpass", version, after_help = EXAMPLES, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true, infer_subcommands = false)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
struct Global {
    /// Configuration file; without it `config.yaml` in the working directory is read if it is there.
    #[arg(long, short, global = true, env = "DOCKPASS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are written to standard output.
    #[arg(long, short, global = true, value_enum, default_value_t = Shape::Table, value_name = "FORM")]
    output: Shape,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the token service, the API and the web pages.
    Serve,
    /// Make keys, database and, if asked for, the first super-user; tells what to do next.
    Init(init::Init),
    /// Check configuration, keys, database and clock; with --registry also the registry's trust in them.
    Doctor(doctor::Doctor),
    /// Print the `auth:` section that a registry's configuration needs.
    RegistryConfig(registry_config::RegistryConfig),
    /// Signing keys: list, rotate, activate, prune; and the key that protects the database: reseal.
    #[command(subcommand)]
    Key(key::Key),
    /// Write a consistent copy of the database, also while the server runs.
    Backup(backup::Backup),
    /// Configuration: check, show, reference.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Organizations.
    #[command(subcommand, visible_alias = "organization")]
    Org(org::Org),
    /// Users.
    #[command(subcommand)]
    User(user::User),
    /// Repositories.
    #[command(subcommand, visible_alias = "repository")]
    Repo(repo::Repo),
    /// Teams of organizations.
    #[command(subcommand)]
    Team(team::Team),
    /// Robot accounts.
    #[command(subcommand)]
    Robot(robot::Robot),
    /// What users, robots and teams may do in a repository.
    #[command(subcommand)]
    Permission(permission::Permission),
    /// What is granted on every repository that is created in an organization.
    #[command(subcommand)]
    DefaultPermission(default_permission::DefaultPermission),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print a script that completes commands in a shell.
    Completion(completion::Completion),
    /// Print the version.
    Version,
    /// What exit codes mean.
    #[command(long_about = error::EXIT_CODES)]
    ExitCodes,
}

/// Runs one command line and tells how it ended. The first of `arguments` is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // Also --help and --version, which go to standard output and exit with 0.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(error::USAGE));
        }
    };
    // Fails only when another part of this process has chosen a provider already, which is then used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn run(Arguments { global, command }: Arguments) -> Result<(), CliError> {
    let out = Output::new(global.output);
    match command {
        Command::Serve => serve::run(&global),
        Command::Init(command) => command.run(&global, out),
        Command::Doctor(command) => command.run(&global, out),
        Command::RegistryConfig(command) => command.run(&global, out),
        Command::Key(command) => command.run(&global, out),
        Command::Backup(command) => command.run(&global, out),
        Command::Config(command) => command.run(&global, out),
        Command::Org(command) => command.run(&global),
        Command::User(command) => command.run(&global),
        Command::Repo(command) => command.run(&open::session(&global)?),
        Command::Team(command) => command.run(&open::session(&global)?),
        Command::Robot(command) => command.run(&open::session(&global)?),
        Command::Permission(command) => command.run(&open::session(&global)?),
        Command::DefaultPermission(command) => command.run(&open::session(&global)?),
        Command::Audit(command) => command.run(&open::session(&global)?),
        Command::Completion(command) => command.run(&mut Arguments::command()),
        Command::Version => output::line(&format!("dockpass {}", env!("CARGO_PKG_VERSION"))),
        Command::ExitCodes => output::line(error::EXIT_CODES),
    }
}

/// The environment that configuration is overridden from.
fn environment() -> Arc<ProcessEnvironment> {
    Arc::new(ProcessEnvironment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// What is given as an argument can be read by every user of the machine while the command runs.
    #[test]
    fn no_argument_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secret = ["password", "secret", "token"].iter().any(|word| name.contains(word));
                let flag = !argument.get_action().takes_values();
                assert!(!secret || flag, "{}: {name}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Arguments::command());
    }
}
