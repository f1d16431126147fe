//! Many robots at once, for moving an installation and for measuring a large one.

use super::super::admin::Session;
use super::super::error::CliError;
use super::super::output::{self, note};
use super::super::prompt;
use crate::domain::name::RobotName;
use crate::service::robots::NewRobot;
use serde_json::json;

/// Makes a robot for each name on standard input. Nothing is made when a line is not a name; each robot is made in a
/// transaction of its own, so that those made before a failure stay and their secrets are printed.
pub(super) fn create(session: &Session, new: &NewRobot) -> Result<(), CliError> {
    let text = prompt::stdin()?;
    let names = names(&text)?;
    if names.is_empty() {
        return Err(CliError::Usage("give the robots' full names on standard input, one a line".to_owned()));
    }
    let mut first = None;
    for name in &names {
        match super::create(session, name, new) {
            Ok((_, secret)) if session.out.is_json() => {
                output::line(&json!({ "name": name.as_str(), "token": secret.expose() }).to_string())?;
            }
            Ok((_, secret)) => output::line(&format!("{name}\t{}", secret.expose()))?,
            // The switch will not turn while this runs: one message is enough.
            Err(error @ CliError::RobotsDisallowed) => return Err(error),
            Err(error) => {
                note(&format!("error: {name}: {error}"));
                first.get_or_insert(error.code());
            }
        }
    }
    first.map_or(Ok(()), |code| Err(CliError::Told(code)))
}

/// The names, one a line; empty lines and lines that begin with `#` are left out.
fn names(text: &str) -> Result<Vec<RobotName>, CliError> {
    let lines = text.lines().map(str::trim).enumerate();
    let wanted = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let name = |(index, line): (usize, &str)| {
        let wrong = || {
            CliError::Usage(format!("standard input, line {}: {line} is not ORGANIZATION+NAME", index + 1))
        };
        RobotName::parse(line).ok_or_else(wrong)
    };
    wanted.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_one_a_line() {
        let names = names("# CI\nacme+ci\n\n  acme+cd \r\n").unwrap();
        assert_eq!(names.iter().map(RobotName::as_str).collect::<Vec<_>>(), ["acme+ci", "acme+cd"]);
    }

    #[test]
    fn a_line_that_is_no_name_is_told_with_its_number() {
        assert!(names("acme+ci\nacme").unwrap_err().to_string().contains("line 2"));
    }
}
