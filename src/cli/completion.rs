//! `dockpass completion`: scripts that complete commands in a shell.

use super::error::CliError;
use super::output;
use clap::Args;
use clap_complete::Shell;

/// Prints the script. For bash: `dockpass completion bash > /etc/bash_completion.d/dockpass`
#[derive(Args, Debug)]
pub(super) struct Completion {
    /// The shell.
    shell: Shell,
}

impl Completion {
    pub(super) fn run(&self, command: &mut clap::Command) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "dockpass", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())
    }
}
