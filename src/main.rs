//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    smtp_tls_exporter::cli::run(std::env::args_os())
}
