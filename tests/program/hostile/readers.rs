//! Clients that ask for a large answer and never read it.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use testkit::Exporter;
use testkit::network::{free_address, get};
use testkit::process::until;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use super::peak;
use crate::PROGRAM;

const ENDPOINTS: u32 = 1_000;
/// Every answer is made anew, so that together they would take this many times 6 MB.
const READERS: usize = 60;
/// What docs/operations.md says of answers that wait for slow readers, in MiB.
const WAITING: f64 = 32.0;
/// For the one that is being made, and what the allocator keeps.
const MAKING: f64 = 32.0;

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_take_no_more_memory_than_is_said() {
    let exporter = PROGRAM.over(&config()).start();
    let address = exporter.address;
    let once = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            get(address, "/metrics").expect("an answer");
        }
        get(address, "/metrics").expect("an answer").len()
    });
    let size = once.await.expect("no panic");
    assert!(size > 4 << 20, "{size} bytes are too few");
    let (before, files) = (peak(exporter.id()), open_files(&exporter));
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(ask(address).await);
    }
    let meanwhile = tokio::task::spawn_blocking(move || get(address, "/metrics"));
    let meanwhile = meanwhile
        .await
        .expect("no panic")
        .expect("whoever reads is answered");
    assert!(meanwhile.len() > 4 << 20, "{} bytes", meanwhile.len());
    let after = peak(exporter.id());
    eprintln!("{size} bytes an answer; at most {before:.1} MiB before, {after:.1} MiB after");
    assert!(
        after < before + WAITING + MAKING,
        "{before} MiB, {after} MiB"
    );
    let cut = move || {
        until("the last ones are let go of", || {
            match open_files(&exporter) {
                open if open <= files => Ok(()),
                open => Err(format!("{open} open files, {files} before")),
            }
        });
        for reader in readers {
            let read = rest(reader);
            assert!(read < size, "{read} of {size} bytes");
        }
    };
    tokio::task::spawn_blocking(cut).await.expect("no panic");
}

/// A target at so many addresses where nobody listens, with a label that makes every sample long.
fn config() -> String {
    let port = free_address().port();
    let addresses = (1..=ENDPOINTS).map(|nth| Ipv4Addr::from(0x7f4c_0000 + nth).to_string());
    let addresses = addresses.collect::<Vec<_>>().join(", ");
    format!(
        "probe: {{min_interval: 1h, helo: monitor.bears.test}}\n\
         targets: [{{name: den, ports: {port}, labels: {{note: {}}}, addresses: [{addresses}]}}]\n",
        "honey-".repeat(80)
    )
}

/// Asks, and waits until the answer has begun, so that the next is made anew. As little as can be fits into the
/// client's own buffer.
async fn ask(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("small");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = b"GET /metrics HTTP/1.1\r\nHost: bear\r\nAccept-Encoding: identity\r\n\r\n";
    stream.write_all(request).await.expect("a request");
    assert!(stream.peek(&mut [0]).await.expect("an answer") > 0);
    stream.into_std().expect("a socket")
}

/// What is still to be read, however it ends.
fn rest(mut stream: TcpStream) -> usize {
    stream.set_nonblocking(false).expect("a socket");
    let (mut read, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return read,
            Ok(bytes) => read += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return read,
        }
    }
}

fn open_files(exporter: &Exporter) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", exporter.id()));
    open.expect("/proc").count()
}
