//! The steps of the film: what is published and served at each, and what is then to be seen.

use crate::real::dane::oracle::Outcome::{self, Authenticated, Deferred};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Present,
    Next,
}
pub(super) use Key::{Next, Present};

/// What is published and served, and what is to be seen of it: asked anew, and with what was kept.
pub(super) struct Step {
    pub(super) what: &'static str,
    /// Whose keys have records, RSA and ECDSA.
    pub(super) published: &'static [Key],
    /// What one resolver has from before; or, where a secondary name server is stale, from there.
    pub(super) kept: &'static [Key],
    pub(super) is_stale: bool,
    /// What the five servers of the host present in ECDSA, and all of them in RSA.
    pub(super) served: [Key; 5],
    pub(super) rsa: Key,
    /// To how many of ten endpoints (five servers with two certificates each) mail is delivered.
    pub(super) delivered: [u32; 2],
    /// Whether the next key has a record.
    pub(super) next: [bool; 2],
    /// What Postfix does with mail to the first server.
    pub(super) postfix: [Outcome; 2],
}

pub(super) const RIGHT: [Step; 8] = [
    step(
        "1 the present key alone is published",
        &[Present],
        &[Present],
        [Present; 5],
    ),
    step(
        "2 the next key is published, too",
        &[Present, Next],
        &[Present],
        [Present; 5],
    ),
    step(
        "3 a TTL later",
        &[Present, Next],
        &[Present, Next],
        [Present; 5],
    ),
    step(
        "4 the next key is on one server",
        &[Present, Next],
        &[Present, Next],
        [Next, Present, Present, Present, Present],
    ),
    Step {
        rsa: Next,
        ..step(
            "5 the next key is on every server",
            &[Present, Next],
            &[Present, Next],
            [Next; 5],
        )
    },
    Step {
        rsa: Next,
        ..step(
            "6 the former key's record is removed",
            &[Next],
            &[Present, Next],
            [Next; 5],
        )
    },
    Step {
        rsa: Next,
        ..step("7 a TTL later", &[Next], &[Next], [Next; 5])
    },
    Step {
        rsa: Next,
        ..step("8 the next day", &[Next], &[Next], [Next; 5])
    },
];

pub(super) const WRONG: [Step; 6] = [
    Step {
        rsa: Next,
        delivered: [0, 0],
        postfix: [Deferred; 2],
        ..step(
            "a installed before it was published",
            &[Present],
            &[Present],
            [Next; 5],
        )
    },
    Step {
        rsa: Next,
        delivered: [10, 0],
        postfix: [Authenticated, Deferred],
        ..step(
            "b published and installed within a TTL",
            &[Next],
            &[Present],
            [Next; 5],
        )
    },
    Step {
        rsa: Next,
        ..step(
            "c the former record is never removed",
            &[Present, Next],
            &[Present, Next],
            [Next; 5],
        )
    },
    Step {
        rsa: Next,
        delivered: [9, 9],
        ..step(
            "d one server forgotten, the former record removed",
            &[Next],
            &[Next],
            [Next, Next, Next, Next, Present],
        )
    },
    Step {
        delivered: [5, 5],
        ..step(
            "e RSA forgotten, the former record removed",
            &[Next],
            &[Next],
            [Next; 5],
        )
    },
    Step {
        is_stale: true,
        rsa: Next,
        delivered: [10, 0],
        postfix: [Authenticated, Deferred],
        ..step(
            "f a secondary name server was not told",
            &[Next],
            &[Present],
            [Next; 5],
        )
    },
];

/// A step after which all is delivered.
const fn step(
    what: &'static str,
    published: &'static [Key],
    kept: &'static [Key],
    served: [Key; 5],
) -> Step {
    Step {
        what,
        published,
        kept,
        served,
        is_stale: false,
        rsa: Present,
        delivered: [10, 10],
        next: [has_next(published), has_next(kept)],
        postfix: [Authenticated; 2],
    }
}

const fn has_next(keys: &[Key]) -> bool {
    matches!(keys, [Next] | [Present, Next])
}
