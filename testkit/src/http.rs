//! A request to an answer over a plain socket, read by hand, so that not even our HTTP library is trusted.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// Sends one request; the answer is still to come.
pub async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<TcpStream> {
    let mut stream = TcpSocket::new_v4()?.connect(address).await?;
    let headers: String = headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}\r\n"))
        .collect();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// Sends one request and reads the whole answer.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<Answer> {
    let mut stream = send(address, method, path, headers).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(parse(&answer, method != "HEAD"))
}

fn parse(text: &str, has_body: bool) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    if let Some(length) = headers.get("content-length").filter(|_| has_body) {
        assert_eq!(length.parse().ok(), Some(body.len()), "cut: {head}");
    }
    Answer {
        status: status.and_then(|s| s.parse().ok()).expect("a status"),
        headers,
        body: body.to_owned(),
    }
}
