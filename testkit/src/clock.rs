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

/// A machine whose clock stands on the last day of 1969. Linux lets nobody set it so; libraries like this one do.
const EARLY_CLOCK: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME) now->tv_sec = -86400;
    return failed;
}
";

/// A library with such a clock, as `LD_PRELOAD` takes it.
pub fn early_clock(directory: &Path) -> PathBuf {
    let (source, library) = (directory.join("clock.c"), directory.join("clock.so"));
    fs::write(&source, EARLY_CLOCK).expect("a file");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]);
    let done = compiler.args([&library, &source]).status();
    assert!(done.is_ok_and(|status| status.success()), "cc compiles it");
    library
}
