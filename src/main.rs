//! Arguments in, exit code out.

mod allocator;

use std::process::ExitCode;

#[ctor::ctor]
fn before_main() {
    allocator::give_back_soon();
    smtp_tls_exporter::cli::look_at_output();
}

fn main() -> ExitCode {
    smtp_tls_exporter::cli::run(std::env::args_os())
}
