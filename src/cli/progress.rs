//! A line that counts the probes on a terminal while somebody waits.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use tokio::time::sleep;

/// Shows the numbers that `count` returns (done, all) once a second has passed; runs until it is dropped.
pub(super) async fn show(count: impl Fn() -> (usize, usize)) {
    if !stderr().is_terminal() {
        return std::future::pending().await;
    }
    sleep(Duration::from_secs(1)).await;
    let _line = Line;
    loop {
        let (done, all) = count();
        let bar = bar(done, all);
        let _ = write!(stderr(), "\r{bar} {done} of {all} endpoints");
        let _ = stderr().flush();
        sleep(Duration::from_millis(200)).await;
    }
}

const WIDTH: usize = 24;

fn bar(done: usize, all: usize) -> String {
    let full = (done * WIDTH).checked_div(all).unwrap_or(0).min(WIDTH);
    format!("[{}{}]", "#".repeat(full), ".".repeat(WIDTH - full))
}

/// Wipes the line when the waiting ends.
struct Line;

impl Drop for Line {
    fn drop(&mut self) {
        let _ = write!(stderr(), "\r\u{1b}[K");
    }
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(bar(0, 0), "[........................]");
        assert_eq!(bar(4, 8), "[############............]");
        assert_eq!(bar(9, 8), "[########################]");
    }
}
