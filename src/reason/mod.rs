//! The closed list of reasons: what can be wrong with a server, each by one public name, and what it means.

#[macro_use]
mod wire;
#[macro_use]
mod inside;
#[macro_use]
mod published;

/// Declares each reason once: where it arises, its meaning, its variant, its public name, what the probe saw on the
/// wire, and what else is good to know about it. `advice` says what to do.
macro_rules! reasons {
    ($($origin:ident { $(
        $(#[doc = $meaning:literal])+ $variant:ident = $name:literal $(, wire $wire:literal)? $(, note $note:literal)?;
    )+ })+) => {
        /// Why a probe failed or a check did; [`as_str`](Self::as_str) is a public label value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($($(#[doc = $meaning])+ $variant,)+)+
        }

        impl Reason {
            /// Every reason, in the order in which a probe can come to it.
            pub const ALL: &[Self] = &[$($(Self::$variant),+),+];

            /// The public name, as in labels, JSON and docs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$variant => $name,)+)+
                }
            }

            /// Where it arises.
            pub fn origin(self) -> Origin {
                match self {
                    $($(Self::$variant)|+ => Origin::$origin,)+
                }
            }

            /// For docs/reasons.md, as Markdown.
            pub fn explanation(self) -> Explanation {
                match self {
                    $($(Self::$variant => Explanation {
                        meaning: concat!($($meaning),+),
                        wire: concat!($($wire)?),
                        note: concat!($($note)?),
                    },)+)+
                }
            }
        }
    };
}

/// Where a reason arises, in the order in which a probe gets there; then the inside of mail servers, and what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// While the target's names are looked up.
    Name,
    /// On the way to the server.
    Connection,
    /// In the dialogue before TLS.
    Smtp,
    /// In the handshake, or in the session behind it.
    Tls,
    /// In this program.
    Exporter,
    /// In a check of what was read.
    Certificate,
    /// With the file that tells of a server from inside.
    Inventory,
    /// In a check of the certificates that a server has.
    Connector,
    /// In what a server says of mail that waits.
    Queue,
    /// In what the world is told: TLSA records, an MTA-STS policy, a TLSRPT record.
    Published,
}

/// What a reason says, for people.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// One sentence, with a blank before each line of it.
    pub meaning: &'static str,
    /// What was seen, or empty.
    pub wire: &'static str,
    /// What else is good to know beside the remedy, or empty.
    pub note: &'static str,
}

on_the_wire!(on_the_inside, in_public);

impl Reason {
    /// Whether the server only had no time for us: a limit on connections, or a tarpit. Its certificate is not at fault.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Greeting4xx | Self::GreetingTimeout)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reason;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
