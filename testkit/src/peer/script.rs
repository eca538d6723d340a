//! A peer that knows no SMTP: it sends these bytes and waits for those.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// One thing that a scripted peer does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends what this makes of the number of the connection.
    SendFresh(fn(usize) -> Vec<u8>),
    /// Reads until a line that starts with this has come.
    Await(&'static str),
    /// Reads at least one byte, whatever it is.
    AwaitBytes,
    /// Sends this again and again until the client is gone.
    Flood(&'static [u8]),
    /// Sends one byte of this at a time, with a pause before each.
    Drip(&'static [u8], Duration),
    /// Stays silent for as long as the client stays.
    Hang,
    /// Closes with a reset instead of an end.
    Reset,
}

impl Act {
    /// Sends a line.
    pub fn say(line: &str) -> Self {
        Self::Send(format!("{line}\r\n").into_bytes())
    }
}

/// A running peer that plays the same script to everyone.
pub struct Script {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Script {
    /// Listens on any port of 127.0.0.1.
    pub async fn start(acts: Vec<Act>) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), acts).await
    }

    /// Listens on `address` (port 0: any).
    pub async fn start_at(address: SocketAddr, acts: Vec<Act>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (ears, count) = (Arc::clone(&heard), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let nth = count.fetch_add(1, Ordering::Relaxed);
                let (acts, ears) = (acts.clone(), Arc::clone(&ears));
                tokio::spawn(async move {
                    let _ = play(stream, acts, ears, nth).await;
                });
            }
        });
        Ok(Self {
            address,
            heard,
            connections,
            task,
        })
    }

    /// How many clients have come.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Everything that clients have sent.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().expect("no panic")).into_owned()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(
    mut stream: TcpStream,
    acts: Vec<Act>,
    ears: Arc<Mutex<Vec<u8>>>,
    nth: usize,
) -> io::Result<()> {
    let mut pending = Vec::new();
    for act in acts {
        match act {
            Act::Send(bytes) => stream.write_all(&bytes).await?,
            Act::SendFresh(make) => stream.write_all(&make(nth)).await?,
            Act::Await(start) => await_line(&mut stream, &mut pending, start, &ears).await?,
            Act::AwaitBytes => hear(&mut stream, &mut pending, &ears).await?,
            Act::Flood(bytes) => loop {
                stream.write_all(bytes).await?;
            },
            Act::Drip(bytes, pause) => {
                for byte in bytes {
                    sleep(pause).await;
                    stream.write_all(&[*byte]).await?;
                }
            }
            Act::Hang => loop {
                hear(&mut stream, &mut pending, &ears).await?;
            },
            Act::Reset => return stream.set_zero_linger(),
        }
    }
    // An end, not a reset: take what is still coming before closing.
    stream.shutdown().await?;
    while hear(&mut stream, &mut pending, &ears).await.is_ok() {}
    Ok(())
}

async fn await_line(
    stream: &mut TcpStream,
    pending: &mut Vec<u8>,
    start: &str,
    ears: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    loop {
        if let Some(end) = pending.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            if line.starts_with(start.as_bytes()) {
                return Ok(());
            }
        } else {
            hear(stream, pending, ears).await?;
        }
    }
}

async fn hear(
    stream: &mut TcpStream,
    pending: &mut Vec<u8>,
    ears: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        read => {
            pending.extend_from_slice(&buffer[..read]);
            ears.lock()
                .expect("no panic")
                .extend_from_slice(&buffer[..read]);
            Ok(())
        }
    }
}
