//! One argon2 computation, and the PHC string that it is kept as.

use super::HashError;
use super::pool::Memory;
use crate::domain::random::Random;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// Most memory that a stored hash may ask for, in KiB. Parameters are read from the hash: without bounds one imported or
/// tampered row could take gigabytes, or a thread for hours.
const MAX_MEMORY: u32 = 65_536;
/// Most passes that a stored hash may ask for.
const MAX_PASSES: u32 = 10;
/// Most lanes that a stored hash may ask for.
const MAX_LANES: u32 = 4;
/// Bytes of salt and of hash in what is made here.
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// The cost of one argon2id hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory: u32,
    passes: u32,
}

impl Cost {
    /// For what people choose: OWASP's first set for argon2id, 14 ms.
    pub const PASSWORD: Self = Self { memory: 19_456, passes: 2 };
    /// For random secrets, OWASP's least memory: 10 ms.
    pub const SECRET: Self = Self { memory: 7_168, passes: 5 };
    /// The least that argon2 allows, for tests that hash often. Never for anything that is kept.
    pub const TEST: Self = Self { memory: 8, passes: 1 };

    /// Memory blocks of 1 KiB that a hash needs.
    pub(super) const fn blocks(self) -> usize {
        self.memory as usize
    }

    fn phc(self, salt: &[u8], output: &[u8]) -> String {
        let Self { memory, passes } = self;
        let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
        format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}")
    }
}

pub(super) fn salt(random: &dyn Random) -> [u8; SALT] {
    let mut salt = [0; SALT];
    random.fill(&mut salt);
    salt
}

/// A hash whose output was drawn instead of computed, so that no password leads to it.
pub(super) fn impossible(cost: Cost, random: &dyn Random) -> String {
    let mut output = [0; OUTPUT];
    random.fill(&mut output);
    cost.phc(&salt(random), &output)
}

/// Hashes a secret to a PHC string.
pub(super) fn hash(secret: &str, salt: &[u8], cost: Cost, memory: &mut Memory) -> Result<String, HashError> {
    let params = Params::new(cost.memory, cost.passes, 1, Some(OUTPUT)).map_err(malformed)?;
    let mut output = [0; OUTPUT];
    compute(Algorithm::Argon2id, Version::V0x13, params, secret, salt, &mut output, memory)?;
    Ok(cost.phc(salt, &output))
}

/// A stored hash, read and found to be within bounds.
pub(super) struct Phc {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl Phc {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        let hash = PasswordHash::new(text).map_err(malformed)?;
        let algorithm = Algorithm::new(hash.algorithm.as_str()).map_err(malformed)?;
        // The PHC form of argon2 leaves the version out for 1.0.
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(malformed)?;
        let params = Params::try_from(&hash).map_err(malformed)?;
        let fits = params.m_cost() <= MAX_MEMORY
            && params.t_cost() <= MAX_PASSES
            && params.p_cost() <= MAX_LANES
            && params.keyid().is_empty();
        if !fits {
            return Err(HashError::Malformed(format!(
                "asks for more than m={MAX_MEMORY},t={MAX_PASSES},p={MAX_LANES}, or for a key"
            )));
        }
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(HashError::Malformed("has no salt or no hash".to_owned()));
        };
        // A short hash would match a wrong password by chance.
        if output.len() < 16 {
            return Err(HashError::Malformed("has less than 16 bytes".to_owned()));
        }
        Ok(Self { algorithm, version, params, salt, output })
    }

    pub(super) fn matches(&self, secret: &str, memory: &mut Memory) -> Result<bool, HashError> {
        let mut computed = Zeroizing::new(vec![0; self.output.len()]);
        let params = self.params.clone();
        let salt = self.salt.as_ref();
        compute(self.algorithm, self.version, params, secret, salt, &mut computed, memory)?;
        Ok(constant_time::verify_slices_are_equal(&computed, self.output.as_bytes()).is_ok())
    }
}

fn compute(
    algorithm: Algorithm,
    version: Version,
    params: Params,
    secret: &str,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> Result<(), HashError> {
    let blocks = memory.blocks(params.block_count());
    Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(secret.as_bytes(), salt, output, blocks)
        .map_err(malformed)
}

fn malformed(error: impl std::fmt::Display) -> HashError {
    HashError::Malformed(error.to_string())
}
