//! `dockpass doctor`: placeholder.
use super::Global;
use super::error::CliError;
use super::output::Output;
use clap::Args;

/// Checks the installation.
#[derive(Args, Debug)]
pub(super) struct Doctor {}

impl Doctor {
    #[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "placeholder")]
    pub(super) fn run(&self, _global: &Global, _out: Output) -> Result<(), CliError> {
        Ok(())
    }
}
