//! The time of this machine, and a clock that stands before 1970, for the real program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time, in seconds.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs().cast_signed()
}

/// A machine whose clock stands still, perhaps where Linux lets nobody set it; libraries like this one do.
const STOPPED_CLOCK: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME) now->tv_sec = NOW;
    return failed;
}
";

/// A machine on which waits are short: its steady clock runs so much faster than time.
const FAST_CLOCK: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    static long long begun;
    if (failed || id != CLOCK_MONOTONIC) return failed;
    long long here = now->tv_sec * 1000000000LL + now->tv_nsec;
    long long expected = 0;
    __atomic_compare_exchange_n(&begun, &expected, here, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    here = begun + (here - begun) * FACTOR;
    now->tv_sec = here / 1000000000LL;
    now->tv_nsec = here % 1000000000LL;
    return 0;
}
";

/// A library by which a program's timers run out so many times sooner, as `LD_PRELOAD` takes it; as soon as it is woken,
/// for the kernel's own waits are as long as ever.
pub fn fast_clock(directory: &Path, factor: u32) -> PathBuf {
    compiled(
        directory,
        &FAST_CLOCK.replace("FACTOR", &factor.to_string()),
    )
}

/// A library with a clock that stands at this Unix time, as `LD_PRELOAD` takes it.
pub fn stopped_clock(directory: &Path, now: i64) -> PathBuf {
    compiled(directory, &STOPPED_CLOCK.replace("NOW", &now.to_string()))
}

fn compiled(directory: &Path, text: &str) -> PathBuf {
    let (source, library) = (directory.join("clock.c"), directory.join("clock.so"));
    fs::write(&source, text).expect("a file");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]);
    let done = compiler.args([&library, &source]).status();
    assert!(done.is_ok_and(|status| status.success()), "cc compiles it");
    library
}

/// The last day of 1969.
pub fn early_clock(directory: &Path) -> PathBuf {
    stopped_clock(directory, -86_400)
}
