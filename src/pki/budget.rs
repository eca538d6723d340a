//! What one probe's chain may cost, whatever a stranger put into it: one account for paths, names and lists.

/// There is nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    signatures: u32,
    steps: u32,
    names: u32,
}

impl Default for Budget {
    /// Honest chains cost up to a dozen signatures. The most expensive ones take a millisecond each.
    fn default() -> Self {
        Self {
            signatures: 64,
            steps: 2_000,
            names: 100_000,
        }
    }
}

impl Budget {
    /// One signature is verified.
    pub(super) fn signature(&mut self) -> Result<(), Spent> {
        take(&mut self.signatures)
    }

    /// One issuer is tried.
    pub(super) fn step(&mut self) -> Result<(), Spent> {
        take(&mut self.steps)
    }

    /// One name is compared.
    pub(super) fn name(&mut self) -> Result<(), Spent> {
        take(&mut self.names)
    }
}

fn take(left: &mut u32) -> Result<(), Spent> {
    *left = left.checked_sub(1).ok_or(Spent)?;
    Ok(())
}
