//! The one integration test binary; its modules mirror what they test.

#[cfg(test)]
mod api;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod e2e;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod instructions;
#[cfg(test)]
mod model;
#[cfg(test)]
mod requests;
mod server;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod store_contract;
#[cfg(test)]
mod supply_chain;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod web;
