//! What cargo said when this program was built.

use crate::render::BuildInfo;

/// What this program was built from.
pub const BUILD: BuildInfo = BuildInfo {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("BUILD_REVISION"),
    rustversion: env!("BUILD_RUSTVERSION"),
};
