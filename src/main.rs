//! The `dockpass` program.

fn main() {}
