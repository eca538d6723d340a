//! Requests to a refusal while the clock stands before 1970, where HTTP has no dates (RFC 9110 §5.6.7) and hyper panics.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::timestamp::Timestamp;
use crate::watch::system_clock;

/// What is said instead of an answer.
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n\
                       Content-Length: 63\r\nConnection: close\r\n\r\n\
                       the exporter's clock stands before 1970: set it to be answered\n";

/// Whether no date can be written.
pub(super) fn is_now() -> bool {
    system_clock() < Timestamp(0)
}

/// Refuses one request. Whoever writes more than fits here at once may see the connection end instead.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let heard = stream.read(&mut [0; 4096]).await;
    if heard.is_ok_and(|bytes| bytes > 0) {
        // Whoever has hung up misses nothing.
        let _ = stream.write_all(REFUSAL.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_that_of_the_text() {
        let (head, text) = REFUSAL.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", text.len())));
    }
}
