//! What the system grants and holds: open files, sockets from systemd.

use std::net::TcpListener;

use listenfd::ListenFd;

/// Descriptors that are neither probes nor connections: DNS, listeners, logs, the runtime.
const OTHER_FILES: u64 = 320;

/// Raises the limit of open files as far as the system allows, and returns it.
pub(super) fn raise_limit() -> u64 {
    // Where the limit cannot be told, the usual one is assumed.
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024)
}

/// So many probes at once are possible with so many open files. The rest is for connections to ourselves.
pub(super) fn affordable(wanted: usize, open_files: u64) -> usize {
    let most = open_files.saturating_sub(OTHER_FILES) / 2;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    wanted.min(most.max(1))
}

/// The sockets that systemd opened for us.
pub(super) fn inherited() -> Result<Vec<TcpListener>, String> {
    let refused = |e: std::io::Error| format!("--web.systemd-socket: {e}");
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for nth in 0..handed.len() {
        sockets.extend(handed.take_tcp_listener(nth).map_err(refused)?);
    }
    if sockets.is_empty() {
        return Err(
            "--web.systemd-socket: systemd handed over no socket, expected a .socket unit".into(),
        );
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_mean_few_probes_but_never_none() {
        assert_eq!(affordable(256, 1_048_576), 256);
        assert_eq!(affordable(256, 1024), 256);
        assert_eq!(affordable(5000, 1024), 352);
        assert_eq!(affordable(256, 64), 1);
    }
}
