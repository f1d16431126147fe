//! Argon2 on fixed threads with fixed memory.
