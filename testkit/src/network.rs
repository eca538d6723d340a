//! Loopback addresses that nobody uses, and a path at one into the body found there: the little
//! HTTP that talking to programs on the same machine takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Longer than a scrape without a deadline of its own may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// An address on which nobody listens yet.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

/// That fixed address, if nobody stands on it.
pub fn vacant(address: &str) -> SocketAddr {
    let address = address.parse().expect("an address and a port");
    assert!(
        TcpStream::connect(address).is_err(),
        "somebody listens on {address} already, perhaps another run of these tests"
    );
    address
}

/// The body of a successful answer, else what was wrong.
pub fn get(address: SocketAddr, path: &str) -> Result<String, String> {
    let answer = exchange(address, path).map_err(|error| format!("{address}{path}: {error}"))?;
    let answer = String::from_utf8_lossy(&answer);
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        _ => Err(format!("{address}{path} answers {answer}")),
    }
}

/// In HTTP/1.0 the end of the connection is the end of the answer.
fn exchange(address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
