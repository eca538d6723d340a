//! What a search for a path comes to.

use crate::certificate::Certificate;
use crate::timestamp::Timestamp;

/// Whether the first certificate of a chain can be trusted, its dates aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A path leads to a root.
    Path(CertPath),
    /// The certificate itself, byte by byte, is among the configured roots.
    Pinned,
    /// It cannot.
    None(NoPath),
}

/// The way from the server's certificate to a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertPath {
    /// Which of the presented certificates it takes, the server's own (0) first; the root is not among them.
    pub certificates: Vec<usize>,
    /// The subject of the root, as the DER of a `Name` (RFC 5280 §4.1.2.4).
    pub anchor: Vec<u8>,
    /// The root's certificate; none of a bundled root, of which only name and key are known.
    pub root: Option<Certificate>,
    /// When the last of [`certificates`](Self::certificates) and the root begins to be valid.
    pub valid_from: Timestamp,
    /// When the first of them ends to be, perhaps before the last begins; the end of a bundled root is not known.
    pub valid_until: Timestamp,
}

/// Why no path leads to a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPath {
    /// Nothing was presented.
    #[error("no certificate was presented")]
    Empty,
    /// The issuer of this one of the presented certificates (0 is the server's own) is neither presented nor a root.
    /// Where there are several ways, it is the farthest.
    #[error("no path to a trusted root")]
    UnknownIssuer {
        /// Which one.
        of: usize,
    },
    /// The server's certificate is a CA (RFC 5280 §4.2.1.9), as self-signed ones often are.
    #[error("the server's certificate is one for a CA")]
    CaAsLeaf,
    /// A path leads to a root, but with something that is not verified here.
    #[error("{0}")]
    Unsupported(String),
    /// A signature or a constraint on every path does not hold.
    #[error("{0}")]
    Invalid(String),
    /// The server's certificate, or one that is needed, cannot be parsed.
    #[error("{0}")]
    Unreadable(String),
    /// The search was given up: somebody built a maze.
    #[error("there are too many ways to try from the presented certificates to a root")]
    TooManyWays,
}
