//! Passwords and confirmations: asked for on a terminal, otherwise given in a way that is meant.

use super::error::CliError;
use super::terminal;
use crate::domain::credential::Secret;
use crate::domain::random::Random;
use clap::Args;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// Most bytes of standard input that are taken for a password or a list of names.
const LONGEST_INPUT: u64 = 4 << 20;
/// Characters of a generated password: 36^24 are 124 bits.
const GENERATED_LENGTH: usize = 24;

/// Where a password comes from. There is no argument for the password itself: other users of the machine could read it.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PasswordSource {
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Make a password and print it, alone, on standard output.
    #[arg(long, conflicts_with = "password_stdin")]
    generate_password: bool,
}

impl PasswordSource {
    /// Whether the password has to be told to whoever ran the command.
    pub(super) fn is_generated(self) -> bool {
        self.generate_password
    }

    /// The password. Without a flag it is asked for twice, if somebody is there to be asked.
    pub(super) fn read(self, random: &dyn Random) -> Result<Secret, CliError> {
        if self.generate_password {
            return Ok(Secret::generate(GENERATED_LENGTH, random));
        }
        if self.password_stdin {
            return password_from_stdin();
        }
        if !terminal::can_ask() {
            let advice =
                "give the password with --password-stdin, or let one be made with --generate-password";
            return Err(CliError::Usage(advice.to_owned()));
        }
        let first = hidden("Password: ")?;
        if *hidden("Again: ")? != *first {
            return Err(CliError::Failed("the two passwords are not the same".to_owned()));
        }
        Ok(Secret::new(first.as_str()))
    }
}

/// The password on standard input, without the line break that `echo` adds.
pub(super) fn password_from_stdin() -> Result<Secret, CliError> {
    let text = stdin()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

/// All of standard input.
pub(super) fn stdin() -> Result<Zeroizing<String>, CliError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let failed = |error: io::Error| CliError::Failed(format!("cannot read standard input: {error}"));
    io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_INPUT {
        return Err(CliError::Failed("standard input is longer than 4 MiB".to_owned()));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(CliError::Failed("standard input is not UTF-8".to_owned())),
    }
}

fn hidden(question: &str) -> Result<Zeroizing<String>, CliError> {
    let failed = |error: io::Error| CliError::Failed(format!("cannot ask for the password: {error}"));
    terminal::ask_hidden(question).map_err(failed)?.ok_or(CliError::Cancelled)
}

/// For commands that destroy something.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Consent {
    /// Do not ask. Needed where there is no terminal to ask on.
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Fails unless it is meant: by --yes, or by the answer to `question`.
    pub(super) fn require(self, question: &str) -> Result<(), CliError> {
        if self.yes {
            return Ok(());
        }
        if !terminal::can_ask() {
            return Err(CliError::Usage("this cannot be undone: add --yes if it is meant".to_owned()));
        }
        let answer = terminal::ask(&format!("{question} [y/N] "))
            .map_err(|error| CliError::Failed(format!("cannot ask: {error}")))?;
        if ["y", "yes"].contains(&answer.to_lowercase().as_str()) { Ok(()) } else { Err(CliError::Cancelled) }
    }
}
