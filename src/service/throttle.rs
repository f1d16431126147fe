//! Wrong guesses, slowed down: what [`crate::domain::throttle`] remembers, with names and secrets hashed under a key that dies
//! with the process. A robot's secret and every other random token is always checked, since that is cheap; only the
//! answer to a wrong one changes. A password, whose check is dear, may be refused before it.

use super::App;
use super::login::LoginError;
use crate::domain::credential::Secret;
use crate::domain::random::Random;
use crate::domain::throttle::{Admitted, Attempt, Network, Throttle as State};
use crate::keys::SessionKey;
use crate::password::Turn;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What this process remembers of attempts to log in.
pub struct Throttle {
    state: Mutex<State>,
    key: SessionKey,
}

impl Throttle {
    /// Remembers nothing yet.
    pub fn new(random: &dyn Random) -> Self {
        Self { state: Mutex::default(), key: SessionKey::ephemeral(random) }
    }

    /// An attempt from an address.
    pub(super) fn attempt(&self, address: Option<IpAddr>, username: &str, password: &Secret) -> Attempt {
        let length = (username.len() as u64).to_be_bytes();
        let both =
            zeroize::Zeroizing::new([&length, username.as_bytes(), password.expose().as_bytes()].concat());
        Attempt {
            network: address.map(Network::from),
            account: self.hash("name", username.as_bytes()),
            secret: self.hash("secret", &both),
        }
    }

    fn hash(&self, label: &str, bytes: &[u8]) -> u128 {
        self.key.tag(label, bytes).first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the slow hash of this attempt gets its turn. Fails when none must be spent on it.
    pub(super) fn admit(&self, app: &App, attempt: &Attempt) -> Result<Turn, LoginError> {
        match self.state().admit(attempt, app.now()) {
            Ok(Admitted::Known) => Ok(Turn::First),
            Ok(Admitted::Unknown) => Ok(Turn::InLine(attempt.network)),
            Err(retry_after) => Err(LoginError::Throttled { retry_after }),
        }
    }

    /// Notes a wrong attempt and tells how to answer it.
    pub(super) fn failed(&self, app: &App, attempt: &Attempt) -> LoginError {
        match self.state().failed(attempt, app.now()) {
            Ok(()) => LoginError::Wrong,
            Err(retry_after) => LoginError::Throttled { retry_after },
        }
    }

    /// Notes that a password was right.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        self.state().succeeded(attempt);
    }
}
