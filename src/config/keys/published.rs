//! The keys of how published policies are read.

use super::key::Shape::Duration;
use super::key::{Section, TEXT, key, several};

/// `published`.
pub const PUBLISHED: Section = Section::new(
    "published",
    &[&[
        key(
            "policy_interval",
            Duration,
            "5 minutes to a day: how often each policy host is asked; a failure is repeated after 5 minutes",
        )
        .default("15m"),
        key(
            "policy_timeout",
            Duration,
            "1 s to 1 minute: for one address of a policy host, from the connection to the last byte",
        )
        .default("10s"),
        key(
            "policy_roots",
            several(&TEXT),
            "as `trust.roots`: whom senders believe, of the policy host and of the MX hosts",
        )
        .default("mozilla"),
    ]],
);
