//! The one integration test binary; its modules mirror what they test.

#[cfg(test)]
mod e2e;
mod server;
