//! Whether a check runs.

/// Whether a check runs where the configuration does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// It runs.
    On,
    /// It runs only where it is asked for.
    Off,
}
