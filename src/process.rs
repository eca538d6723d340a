//! This process as Linux shows it in /proc to the `process_*` metrics every exporter has.
#![expect(clippy::disallowed_methods, reason = "the one place that reads /proc")]

use std::fs;
use std::io::Read;

use crate::metric::Metric;

/// Ticks a second of the times in /proc/self/stat: USER_HZ, 100 on every Linux architecture.
const TICKS: f64 = 100.0;
/// The kernel's page size for RSS is read from the sizes in kB of /proc/self/status, which need no page size.
const KIB: f64 = 1024.0;

/// Facts about this process; what the system does not tell is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessFacts {
    cpu_seconds: Option<f64>,
    open_fds: Option<f64>,
    pub(crate) max_fds: Option<f64>,
    resident_bytes: Option<f64>,
    virtual_bytes: Option<f64>,
    start_time: Option<f64>,
    threads: Option<f64>,
}

/// The metrics, in the order of `ProcessFacts::values`.
pub const METRICS: [Metric; 7] = [
    Metric::counter(
        "process_cpu_seconds_total",
        "User and system CPU time of this process, in seconds.",
    )
    .when(LINUX),
    Metric::gauge("process_open_fds", "Number of open file descriptors.").when(LINUX),
    Metric::gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.",
    )
    .when(LINUX),
    Metric::gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
    )
    .when(LINUX),
    Metric::gauge(
        "process_virtual_memory_bytes",
        "Virtual memory size in bytes.",
    )
    .when(LINUX),
    Metric::gauge(
        "process_start_time_seconds",
        "Start time of the process, as Unix time.",
    )
    .when(LINUX),
    Metric::gauge("process_threads", "Number of threads of the process.").when(LINUX),
];

/// Elsewhere there is no /proc.
const LINUX: &str = "Linux";

impl ProcessFacts {
    /// Reads /proc. On a system without it nothing is known, and nothing is exported.
    pub fn read() -> Self {
        let stat = proc_file("self/stat").unwrap_or_default();
        let status = proc_file("self/status").unwrap_or_default();
        let limits = proc_file("self/limits").unwrap_or_default();
        let boot = proc_file("stat").as_deref().and_then(boot_time);
        let ticks = |field: usize| Some(stat_field(&stat, field)? / TICKS);
        Self {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| user + system),
            open_fds: open_fds(),
            max_fds: soft_limit(&limits, "Max open files"),
            resident_bytes: keyed(&status, "VmRSS:").map(|kib| kib * KIB),
            virtual_bytes: keyed(&status, "VmSize:").map(|kib| kib * KIB),
            start_time: ticks(22).zip(boot).map(|(since, boot)| boot + since),
            threads: keyed(&status, "Threads:"),
        }
    }

    /// The value of each of the [`METRICS`].
    pub(crate) fn values(&self) -> [Option<f64>; 7] {
        [
            self.cpu_seconds,
            self.open_fds,
            self.max_fds,
            self.resident_bytes,
            self.virtual_bytes,
            self.start_time,
            self.threads,
        ]
    }
}

fn proc_file(name: &str) -> Option<String> {
    let mut text = String::new();
    let mut file = fs::File::open(format!("/proc/{name}")).ok()?;
    file.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Field `n` of /proc/self/stat, counted from 1 as in proc(5). The second is the name in parentheses and may hold
/// blanks, so counting starts behind it.
fn stat_field(stat: &str, n: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(n - 3)?.parse().ok()
}

fn keyed(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn soft_limit(limits: &str, name: &str) -> Option<f64> {
    keyed(limits, name)
}

fn boot_time(stat: &str) -> Option<f64> {
    keyed(stat, "btime")
}

fn open_fds() -> Option<f64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    // The listing itself holds one descriptor open.
    u32::try_from(entries.saturating_sub(1)).ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 17 18 4200 20";
        assert_eq!(stat_field(stat, 14), Some(250.0));
        assert_eq!(stat_field(stat, 15), Some(50.0));
        assert_eq!(stat_field(stat, 22), Some(4200.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_files_and_a_past() {
        let facts = ProcessFacts::read();
        assert!(facts.resident_bytes > Some(100_000.0));
        assert!(facts.open_fds >= Some(3.0));
        assert!(facts.start_time > Some(1.6e9));
        assert!(facts.values().iter().all(Option::is_some));
    }
}
