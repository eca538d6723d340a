//! How much of a target could be found.

/// How much of a target was found just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All there is.
    Whole,
    /// Every host, but not every address: a family is missing, an address is none, or there are too many.
    Half,
    /// Some of its hosts.
    Part,
    /// No endpoint.
    Nothing,
}
