//! The `dockpass` program.

/// A token request makes some hundred small allocations on many threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    dockpass::cli::main(std::env::args_os())
}
