//! What one probe's chain may cost, whatever a stranger put into it: one account for paths, names and lists.

/// More certificates than any honest server presents; those behind are not looked at.
pub(super) const MAX_CHAIN: usize = 20;

/// There is nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    signatures: usize,
    steps: usize,
    names: usize,
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
        take(&mut self.signatures, 1)
    }

    /// One issuer is tried.
    pub(super) fn step(&mut self) -> Result<(), Spent> {
        take(&mut self.steps, 1)
    }

    /// One name of so many bytes is looked at, or compared with another.
    pub(super) fn name(&mut self, bytes: usize) -> Result<(), Spent> {
        take(&mut self.names, 1 + bytes / 64)
    }
}

fn take(left: &mut usize, number: usize) -> Result<(), Spent> {
    *left = left.checked_sub(number).ok_or(Spent)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_cost_more_than_short_ones() {
        let spent = |bytes| {
            let mut budget = Budget::default();
            (0..).take_while(|_| budget.name(bytes) == Ok(())).count()
        };
        assert_eq!(spent(63), 100_000);
        assert!(spent(60_000) < 110);
    }
}
