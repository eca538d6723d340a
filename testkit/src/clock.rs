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

/// A library with a clock that stands at this Unix time, as `LD_PRELOAD` takes it.
pub fn stopped_clock(directory: &Path, now: i64) -> PathBuf {
    let (source, library) = (directory.join("clock.c"), directory.join("clock.so"));
    fs::write(&source, STOPPED_CLOCK.replace("NOW", &now.to_string())).expect("a file");
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
