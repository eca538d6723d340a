//! `openssl s_server` behind a relay that speaks SMTP until STARTTLS; ends with its handle.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader as AsyncReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::certificates::{Pair, missing};

/// How long `s_server` may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    /// Where the relay listens.
    pub(crate) address: SocketAddr,
    child: Child,
    relay: JoinHandle<()>,
}

impl Server {
    /// Presents these pairs (one or two), with more options for `s_server`.
    pub(crate) async fn start(pairs: &[&Pair], options: &[&str]) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0"]);
        for (nth, pair) in pairs.iter().enumerate() {
            command.args(pair.options(nth > 0));
        }
        let mut child = command
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing(&error));
        let answers = child.stdin.take().expect("piped");
        let heard = BufReader::new(child.stdout.take().expect("piped"));
        let (listening, port) = channel();
        thread::spawn(move || converse(heard, answers, &listening));
        let port = port.recv_timeout(PATIENCE);
        let port = port.unwrap_or_else(|_| panic!("{command:?} does not listen"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self {
            address: listener.local_addr().expect("an address"),
            child,
            relay: tokio::spawn(accept(listener, port)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.relay.abort();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `s_server` prints what clients send under TLS, and sends what it reads: so a mail server is played through it.
fn converse(heard: impl BufRead, mut answers: ChildStdin, listening: &Sender<u16>) {
    for line in heard.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if let Some((_, port)) = line
            .strip_prefix("ACCEPT ")
            .and_then(|l| l.rsplit_once(':'))
        {
            let _ = listening.send(port.parse().expect("a port"));
        }
        let answer = match line {
            _ if line.ends_with("QUIT") => "221 bye\r\n",
            _ if line.contains("EHLO ") => "250 relay\r\n",
            _ => continue,
        };
        let _ = answers.write_all(answer.as_bytes());
        let _ = answers.flush();
    }
}

async fn accept(listener: TcpListener, port: u16) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that hangs up is its own business.
        tokio::spawn(async move { relay(stream, port).await.ok() });
    }
}

async fn relay(stream: TcpStream, port: u16) -> std::io::Result<()> {
    let mut stream = AsyncReader::new(stream);
    stream.write_all(b"220 relay ESMTP\r\n").await?;
    for answer in ["250-relay\r\n250 STARTTLS\r\n", "220 ready\r\n"] {
        stream.read_line(&mut String::new()).await?;
        stream.write_all(answer.as_bytes()).await?;
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    // The client waits for the 220 before it says hello: nothing is left in the buffer.
    copy_bidirectional(&mut stream.into_inner(), &mut server).await?;
    Ok(())
}
