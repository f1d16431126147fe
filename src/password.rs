//! Argon2 on fixed threads with fixed memory.
//!
//! However many logins arrive, hashing takes no more than its threads and their memory; what does not fit the queue is
//! answered at once with [`HashError::Busy`].

mod argon;
mod pool;

pub use argon::Cost;
pub use pool::Turn;

use crate::domain::random::Random;
use argon::Phc;
use pool::{Pool, Work};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use zeroize::Zeroizing;

/// More threads than this would take processors from other requests for little use.
const MAX_THREADS: usize = 4;

/// Why a password was not hashed or checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too much work is waiting already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash cannot be used.
    #[error("the stored hash is malformed: {0}")]
    Malformed(String),
}

/// How much of the machine hashing may take, and what one hash costs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads that hash; 0 for one per processor, but no more than 4. Each keeps the memory of one password hash.
    pub threads: usize,
    /// Hashes that may wait for a thread, of each [`Turn`].
    pub queue: usize,
    /// After waiting so long a hash is given up: its client has gone or will not wait for the answer.
    pub deadline: Duration,
    /// The cost of a password chosen by a person.
    pub password: Cost,
    /// The cost of a robot's secret, which nobody can guess anyway.
    pub secret: Cost,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 0,
            queue: 64,
            deadline: Duration::from_secs(5),
            password: Cost::PASSWORD,
            secret: Cost::SECRET,
        }
    }
}

/// Hashes and checks passwords.
pub struct Hasher {
    pool: Pool,
    random: Arc<dyn Random>,
    settings: Settings,
    dummy: String,
}

impl Hasher {
    /// Starts the threads. Fails when the system gives none.
    pub fn new(settings: Settings, random: Arc<dyn Random>) -> io::Result<Self> {
        let threads = match settings.threads {
            0 => available_parallelism().map_or(1, usize::from).min(MAX_THREADS),
            threads => threads,
        };
        let keep = settings.password.blocks().max(settings.secret.blocks());
        Ok(Self {
            pool: Pool::new(threads, settings.queue, settings.deadline, keep)?,
            dummy: argon::impossible(settings.password, random.as_ref()),
            random,
            settings,
        })
    }

    /// Checks a secret against a PHC string. When the caller stops waiting, the work is not done.
    pub async fn verify(&self, secret: &str, phc: &str, turn: Turn) -> Result<bool, HashError> {
        let answer = self.pool.submit(check(secret, phc)?, turn).map_err(|_| HashError::Busy)?;
        answer.await.unwrap_or(Err(HashError::Busy))
    }

    /// As [`Self::verify`], for threads that may block.
    pub fn verify_blocking(&self, secret: &str, phc: &str) -> Result<bool, HashError> {
        self.pool.run(check(secret, phc)?).unwrap_or(Err(HashError::Busy))
    }

    /// Hashes a password to a PHC string. Only those ask for this who have shown who they are, so it comes first.
    pub async fn hash(&self, password: &str) -> Result<String, HashError> {
        let work = self.make(password, self.settings.password);
        let answer = self.pool.submit(work, Turn::First).map_err(|_| HashError::Busy)?;
        answer.await.unwrap_or(Err(HashError::Busy))
    }

    /// As [`Self::hash`], for threads that may block.
    pub fn hash_blocking(&self, password: &str) -> Result<String, HashError> {
        self.pool.run(self.make(password, self.settings.password)).unwrap_or(Err(HashError::Busy))
    }

    /// Hashes a robot's secret with the cheaper parameters, on a thread that may block.
    pub fn hash_secret_blocking(&self, secret: &str) -> Result<String, HashError> {
        self.pool.run(self.make(secret, self.settings.secret)).unwrap_or(Err(HashError::Busy))
    }

    /// A hash that no password matches. Checking against it makes an unknown user cost what a known one does.
    pub fn dummy(&self) -> &str {
        &self.dummy
    }

    /// How many hashes wait for a thread now.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// How many hashes are being computed now.
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }

    fn make(&self, secret: &str, cost: Cost) -> impl Work<Result<String, HashError>> + use<> {
        let secret = Zeroizing::new(secret.to_owned());
        let salt = argon::salt(self.random.as_ref());
        move |memory| argon::hash(&secret, &salt, cost, memory)
    }
}

/// A malformed hash is found before it takes a place in the queue.
fn check(secret: &str, phc: &str) -> Result<impl Work<Result<bool, HashError>> + use<>, HashError> {
    let phc = Phc::parse(phc)?;
    let secret = Zeroizing::new(secret.to_owned());
    Ok(move |memory: &mut pool::Memory| phc.matches(&secret, memory))
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
