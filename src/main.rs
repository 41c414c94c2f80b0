//! The program: sets up what is process-wide, then hands over to `cli`.

use std::process::ExitCode;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // The message of a panic may quote what was being read; its place is enough to mend it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        nonhuman::term::remark(&format!("error: a part of nonhuman crashed{place}; this is a bug, please report it"));
    }));
    #[cfg(any(feature = "aws", feature = "kubernetes"))]
    {
        // One provider for every connection; an error means that it is already in place.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    nonhuman::cli::run().into()
}
