//! What a user did wrong to one line on stderr.

use super::streams;
use crate::plain::plain;
use crate::yaml::secret::masked_line;

/// One line, whatever the message quotes; secrets in it are masked.
pub(super) fn complain(message: &str) {
    streams::complain(&format!(
        "smtp-tls-exporter: {}",
        plain(&masked_line(message), 2000)
    ));
}
