//! A stream that ends when its peer takes too little for too long; else a client that hardly reads would hold its answer
//! in our memory for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Bytes a second that a client has to take.
const LEAST_RATE: u64 = 16 * 1024;
/// How long it may take nothing; every byte that it takes gives back its share of a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream whose writes fail when they have waited for longer than what was taken is worth.
pub(super) struct Stall<S> {
    stream: S,
    /// How long writes may wait from now on, and since when one does.
    credit: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<S> Stall<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            credit: PATIENCE,
            waiting_since: None,
            timer: Box::pin(sleep(PATIENCE)),
        }
    }

    /// What a write of so many bytes came to, or that all of them took too long.
    fn judge<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = written {
            let waited = self
                .waiting_since
                .take()
                .map_or(Duration::ZERO, |s| s.elapsed());
            let earned = written.as_ref().map_or(0, bytes) as u64 * 1_000_000 / LEAST_RATE;
            let left = self.credit.saturating_sub(waited);
            self.credit = (left + Duration::from_micros(earned)).min(PATIENCE);
            return Poll::Ready(written);
        }
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            self.timer.as_mut().reset(now + self.credit);
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stall<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stall<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.judge(written, |bytes| *bytes, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(flushed, |()| 0, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(ended, |()| 0, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.judge(written, |bytes| *bytes, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_left() {
        let (ours, mut theirs) = duplex(10);
        let mut ours = Stall::new(ours);
        ours.write_all(&[0; 10]).await.unwrap();
        theirs.read_exact(&mut [0; 5]).await.unwrap();
        ours.write_all(&[0; 5]).await.unwrap();
        let begun = Instant::now();
        let error = ours.write_all(&[0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= PATIENCE - Duration::from_secs(1));
    }

    /// How long somebody is borne who takes so many bytes every second.
    async fn borne(bytes: usize) -> Duration {
        let (ours, mut theirs) = duplex(1024);
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; bytes];
            while theirs.read_exact(&mut piece).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let (mut ours, begun) = (Stall::new(ours), Instant::now());
        let _ = ours.write_all(&vec![0; bytes * 200]).await;
        reader.abort();
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_too_little_is_left_and_who_takes_enough_is_not() {
        let slow = borne(4 * 1024).await;
        assert!(slow < Duration::from_secs(60), "{slow:?}");
        let quick = borne(17 * 1024).await;
        assert!(quick > Duration::from_secs(190), "{quick:?}");
    }
}
