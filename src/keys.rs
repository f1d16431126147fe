//! The key directory: signing keys, verifier, seal and session keys.
