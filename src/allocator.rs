//! The allocator, told to give memory back soon: the only unsafe code of this program.
#![expect(
    unsafe_code,
    reason = "mimalloc's options are reached in C, or by the environment of whoever starts the program"
)]

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

/// Large answers come and go on one thread, small results of probes stay and are made on all of them: heaps of the C
/// library then keep twice of what is used.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` (mimalloc.h, `mi_option_e`): for how many milliseconds pages that are not used any more stay.
const PURGE_DELAY: c_int = 15;

// SAFETY: the signatures are those of mimalloc.h; unknown options are ignored, and any thread may ask at any time.
unsafe extern "C" {
    /// Sets what the environment does not.
    safe fn mi_option_set_default(option: c_int, value: c_long);
    #[cfg(test)]
    safe fn mi_option_get(option: c_int) -> c_long;
}

/// Soon, because a delay ends when something else is freed, and between scrapes nothing is: with mimalloc's second, 10,000
/// endpoints hold a third more for the same CPU. At once would save more, and cost a twentieth of it.
pub(crate) fn give_back_soon() {
    mi_option_set_default(PURGE_DELAY, 10);
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "asks itself in another environment"
)]
mod tests {
    use std::process::Command;

    use super::*;

    const OWN: &str = "MIMALLOC_PURGE_DELAY";

    #[test]
    fn the_option_is_the_one_that_the_environment_names() {
        if std::env::var_os(OWN).is_some() {
            give_back_soon();
            assert_eq!(mi_option_get(PURGE_DELAY), 7, "the environment comes first");
            return;
        }
        give_back_soon();
        assert_eq!(mi_option_get(PURGE_DELAY), 10);
        let name = "allocator::tests::the_option_is_the_one_that_the_environment_names";
        let own = std::env::current_exe().unwrap();
        let told = Command::new(own)
            .args(["--exact", name])
            .env(OWN, "7")
            .output();
        let told = String::from_utf8(told.unwrap().stdout).unwrap();
        assert!(told.contains("1 passed"), "{told}");
    }
}
