//! What the resolvers of all views share for questions about what is published: memory, and turns.

use super::super::freshness::Freshness;
use super::super::turns::Turns;

/// Memory for the answers of all views: those of some ten thousand questions.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What all views share.
pub(super) struct PublishedMemory {
    pub(super) fresh: Freshness,
    pub(super) turns: Turns,
}

impl Default for PublishedMemory {
    fn default() -> Self {
        Self {
            fresh: Freshness::new(MAX_BYTES),
            turns: Turns::default(),
        }
    }
}
