//! The entry point of libFuzzer: the environment variable `DOCKPASS_FUZZ_TARGET` says which target it runs.

#![no_main]

#[expect(dead_code, reason = "words and costs are for the tests' own mutator: libFuzzer finds its own")]
mod targets;

use std::sync::OnceLock;
use targets::{TARGETS, Target};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var_os("DOCKPASS_FUZZ_TARGET").unwrap_or_default();
        let named = TARGETS.iter().find(|target| name == target.name);
        named.expect("DOCKPASS_FUZZ_TARGET names a target")
    });
    (target.run)(data);
});
