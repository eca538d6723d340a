//! A look at a file that may hang for ever, as on a server that is gone, to its outcome or an error: in bounded time and a
//! bounded number of threads. Knows nothing of what is looked at.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
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

/// The thread that waits for the next look. One is enough for looks one after the other, and holds the same memory again
/// where as many threads as files would each leave some behind.
static IDLE: Mutex<Option<Sender<Look>>> = Mutex::new(None);

/// Looks, and returns what tells the outcome, as soon as the thread may be asked again.
type Look = Box<dyn FnOnce() -> Tell + Send>;
type Tell = Box<dyn FnOnce()>;

fn idle() -> MutexGuard<'static, Option<Sender<Look>>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hung() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    HUNG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does this in another thread, and leaves it there when it does not return in time: whoever opens a file on a
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
    begin(Box::new(move || {
        let done = piece();
        Box::new(move || {
            let mut hung = hung();
            hung.remove(&own);
            // Nobody may wait any more.
            let _ = sender.send(done);
        })
    }))?;
    receiver.recv_timeout(patience).or_else(|_| {
        // It may have come to an end just now.
        let mut hung = hung();
        receiver.try_recv().map_err(|_| {
            hung.insert(path.to_owned());
            silent()
        })
    })
}

fn begin(look: Look) -> io::Result<()> {
    let thread = match idle().take() {
        Some(thread) => thread,
        None => new_thread()?,
    };
    thread.send(look).map_err(|_| silent())
}

/// A thread that looks until another one waits already.
fn new_thread() -> io::Result<Sender<Look>> {
    let (sender, looks) = channel::<Look>();
    let own = sender.clone();
    thread::Builder::new().spawn(move || {
        while let Ok(look) = looks.recv() {
            let tell = look();
            let is_kept = {
                let mut idle = idle();
                let is_free = idle.is_none();
                idle.get_or_insert_with(|| own.clone());
                is_free
            };
            tell();
            if !is_kept {
                break;
            }
        }
    })?;
    Ok(sender)
}

fn silent() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the file system does not answer")
}

#[cfg(test)]
pub(crate) mod tests {
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
