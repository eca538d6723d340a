//! A look at a file that may hang for ever, as on a server that is gone, to its outcome or an error: in bounded time and a
//! bounded number of threads. Knows nothing of what is looked at.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a file may take: longer than 64 MiB do from a slow disk.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take where many hang already: a thousand files on a dead server are waited for 30 s in all.
const LEAST_PATIENCE: Duration = Duration::from_millis(250);
/// Most threads that may hang.
const MAX_HUNG: usize = 64;

/// Where a thread hangs, which the system lets nobody end. Of one path there is never a second.
static HUNG: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn hung() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    HUNG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does this in a thread of its own, and leaves it there when it does not return in time: whoever opens a file on a
/// server that is gone may wait for ever.
///
/// # Errors
/// That the file system does not answer (`TimedOut`), or that there can be no thread.
pub(crate) fn in_time<T: Send + 'static>(
    path: &Path,
    piece: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let hang = hung().len();
    let patience = (PATIENCE / (1 << hang.min(8))).max(LEAST_PATIENCE);
    within(patience, path, piece)
}

fn within<T: Send + 'static>(
    patience: Duration,
    path: &Path,
    piece: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    if hung().contains(path) || hung().len() >= MAX_HUNG {
        return Err(silent());
    }
    let (sender, receiver) = channel();
    let own = path.to_owned();
    thread::Builder::new().spawn(move || {
        let done = piece();
        let mut hung = hung();
        hung.remove(&own);
        // Nobody may wait any more.
        let _ = sender.send(done);
    })?;
    receiver.recv_timeout(patience).or_else(|_| {
        // It may have come to an end just now.
        let mut hung = hung();
        receiver.try_recv().map_err(|_| {
            hung.insert(path.to_owned());
            silent()
        })
    })
}

fn silent() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the file system does not answer")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    /// Whoever looks at this path hangs until the end of what is returned is dropped.
    pub(crate) fn hang(path: &Path) -> Sender<()> {
        let (go, wait) = channel();
        let first = within(Duration::from_millis(20), path, move || {
            let _ = wait.recv();
        });
        assert_eq!(first.unwrap_err().kind(), ErrorKind::TimedOut);
        go
    }

    #[test]
    fn whoever_hangs_is_left_and_neither_multiplied_nor_a_burden() {
        let path = Path::new("/a/dead/server");
        let go = hang(path);
        let never = in_time(path, || panic!("a second thread"));
        let said = never.unwrap_err().to_string();
        assert_eq!(said, "the file system does not answer");
        assert_eq!(in_time(Path::new("/elsewhere"), || 7).ok(), Some(7));
        drop(go);
        while hung().contains(path) {
            thread::yield_now();
        }
        assert_eq!(in_time(path, || 7).ok(), Some(7));
    }
}
