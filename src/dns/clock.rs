//! This machine's clock, for libraries that panic where it stands before 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Since 1970, and nothing before.
pub(super) fn since_1970() -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "in the place of the same call in the libraries for TLS and DNS"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}
