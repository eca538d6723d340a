//! Arguments in, exit code out.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Large answers come and go on one thread, small results of probes stay and are made on all of them: heaps of the C
/// library then keep twice of what is used.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[ctor::ctor]
fn before_main() {
    smtp_tls_exporter::cli::look_at_output();
}

fn main() -> ExitCode {
    smtp_tls_exporter::cli::run(std::env::args_os())
}
