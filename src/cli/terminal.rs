//! The terminal that a person sits at, for questions and for passwords that must not be seen.

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Write};
use zeroize::Zeroizing;

/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// Whether somebody can be asked: both ends of the conversation are a terminal.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question and gives the line that is typed.
pub(super) fn ask(question: &str) -> io::Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Asks for a secret; nothing of it is shown. `None` after Ctrl-C.
pub(super) fn ask_hidden(question: &str) -> io::Result<Option<Zeroizing<String>>> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let hidden = Hidden::begin()?;
    io::stdin().lock().read_line(&mut line)?;
    drop(hidden);
    writeln!(err)?;
    if line.as_bytes().contains(&INTERRUPT) {
        return Ok(None);
    }
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(Some(line))
}

/// Hides what is typed until it is dropped.
struct Hidden(Termios);

impl Hidden {
    /// Ctrl-C ends the line instead of the program: a program that ends here would leave the terminal without echo.
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut during = before.clone();
        during.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
        during.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(io::stdin(), OptionalActions::Flush, &during)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
