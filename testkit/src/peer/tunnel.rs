//! A proxy (HTTP CONNECT) that leads to servers of this process what goes to a port where a test cannot have any; ends with
//! its handle.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running proxy.
pub struct Tunnel {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Leads what goes to the first of each two addresses to the second, and all else where it wants to go.
    pub async fn start(ways: &[(SocketAddr, SocketAddr)]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let ways = Arc::new(ways.iter().copied().collect());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let ways = Arc::clone(&ways);
                tokio::spawn(async move {
                    // Who hangs up is his own business.
                    let _ = lead(stream, &ways).await;
                });
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(mut client: TcpStream, ways: &HashMap<SocketAddr, SocketAddr>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let wanted = head.split(' ').nth(1).and_then(|at| at.parse().ok());
    let wanted: SocketAddr = wanted.ok_or(io::ErrorKind::InvalidInput)?;
    let Ok(mut server) = TcpStream::connect(ways.get(&wanted).unwrap_or(&wanted)).await else {
        let refused = b"HTTP/1.1 502 Not reached\r\nContent-Length: 0\r\n\r\n";
        return client.write_all(refused).await;
    };
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
