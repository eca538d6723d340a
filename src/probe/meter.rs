//! A connection that brings only so many bytes before it must be refilled: what TLS takes in silently (tickets, key
//! updates, empty records) has an end too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes on the wire for one reply, or for one handshake: ten times what servers send.
const ALLOWANCE: usize = 256 * 1024;

/// The server sends and sends.
#[derive(Debug, Error)]
#[error("the server sent {} KiB and nothing that was waited for", ALLOWANCE / 1024)]
pub(super) struct Endless;

/// A connection with what it may still bring.
pub(super) struct Meter {
    stream: TcpStream,
    left: usize,
}

impl Meter {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            left: ALLOWANCE,
        }
    }

    /// To be called when the server said what was waited for.
    pub(super) fn refill(&mut self) {
        self.left = ALLOWANCE;
    }

    /// For a reader with bounds of its own.
    pub(super) fn into_unmetered(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Meter {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let meter = self.get_mut();
        if meter.left == 0 {
            return Poll::Ready(Err(io::Error::other(Endless)));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut meter.stream).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
        meter.left = meter.left.saturating_sub(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Meter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
