//! A stream that says nothing more once it was answered: a server's first flight gets out, its alert does not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection, muted or not.
pub(super) struct Mute {
    pub(super) stream: TcpStream,
    pub(super) is_on: bool,
    written: bool,
    answered: bool,
}

impl Mute {
    pub(super) fn new(stream: TcpStream, is_on: bool) -> Self {
        Self {
            stream,
            is_on,
            written: false,
            answered: false,
        }
    }
}

impl AsyncRead for Mute {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mute = self.get_mut();
        let polled = Pin::new(&mut mute.stream).poll_read(cx, buf);
        mute.answered |= mute.written && polled.is_ready();
        polled
    }
}

impl AsyncWrite for Mute {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mute = self.get_mut();
        if mute.is_on && mute.answered {
            return Poll::Ready(Ok(buf.len()));
        }
        mute.written = true;
        Pin::new(&mut mute.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
