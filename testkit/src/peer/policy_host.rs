//! A web server with an MTA-STS policy, or with something else in its place; ends with its handle.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::Credentials;

/// What is served.
#[derive(Debug, Clone)]
pub enum Page {
    /// A text, as `text/plain`.
    Text(String),
    /// The same after a while.
    Late(Duration, String),
    /// A status with a header, and no body.
    Status(&'static str, &'static str),
    /// A body of so many bytes without a length before it.
    Endless(usize),
    /// A byte every 50 ms.
    Drip,
    /// Nothing at all.
    Silence,
    /// A text that ends earlier than its length says.
    Cut,
}

/// A running policy host.
pub struct PolicyHost {
    pub address: SocketAddr,
    page: Arc<Mutex<Page>>,
    log: Arc<Mutex<Vec<String>>>,
    /// How many clients there are, and how many there were at most.
    clients: Arc<Mutex<(usize, usize)>>,
    task: JoinHandle<()>,
}

impl PolicyHost {
    /// Listens on `address` (port 0: any).
    pub async fn start(
        address: SocketAddr,
        credentials: &Credentials,
        page: Page,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(64)?;
        let address = listener.local_addr()?;
        let (page, log) = (Arc::new(Mutex::new(page)), Arc::default());
        let clients = Arc::default();
        let accepting = accept(
            listener,
            acceptor(credentials),
            Arc::clone(&page),
            Arc::clone(&log),
            Arc::clone(&clients),
        );
        Ok(Self {
            address,
            page,
            log,
            clients,
            task: tokio::spawn(accepting),
        })
    }

    /// Serves something else from now on.
    pub fn serve(&self, page: Page) {
        *self.page.lock().expect("no panic") = page;
    }

    /// How many clients there were at a time, at most.
    pub fn most_clients(&self) -> usize {
        self.clients.lock().expect("no panic").1
    }

    /// The heads of the requests that came, each after the name that the client asked TLS for.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }
}

impl Drop for PolicyHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(credentials: &Credentials) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = provider
        .key_provider
        .load_private_key(credentials.key.clone_key());
    let key = CertifiedKey::new(credentials.chain.clone(), key.expect("a key"));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    page: Arc<Mutex<Page>>,
    log: Arc<Mutex<Vec<String>>>,
    clients: Arc<Mutex<(usize, usize)>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let page = page.lock().expect("no panic").clone();
        let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
        let clients = Arc::clone(&clients);
        tokio::spawn(async move {
            let client = Client::come(clients);
            // A client that hangs up is its own business.
            let _ = answer(stream, &acceptor, page, &log, client).await;
        });
    }
}

/// A client that is counted as long as this lives.
struct Client(Arc<Mutex<(usize, usize)>>);

impl Client {
    fn come(clients: Arc<Mutex<(usize, usize)>>) -> Self {
        {
            let mut clients = clients.lock().expect("no panic");
            clients.0 += 1;
            clients.1 = clients.1.max(clients.0);
        }
        Self(clients)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").0 -= 1;
    }
}

async fn answer(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    page: Page,
    log: &Mutex<Vec<String>>,
    client: Client,
) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let name = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    log.lock().expect("no panic").push(format!("{name} {head}"));
    match page {
        Page::Text(text) => stream.write_all(whole(&text).as_bytes()).await?,
        Page::Late(after, text) => {
            sleep(after).await;
            // Once it has its answer it may already have made room for the next one.
            drop(client);
            stream.write_all(whole(&text).as_bytes()).await?;
        }
        Page::Status(status, header) => {
            let answer = format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
        }
        Page::Endless(bytes) => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all("a".repeat(bytes).as_bytes()).await?;
        }
        Page::Drip => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(b"a").await?;
                stream.flush().await?;
                sleep(Duration::from_millis(50)).await;
            }
        }
        Page::Silence => sleep(Duration::from_secs(3600)).await,
        Page::Cut => {
            let text = whole("version: STSv1\r\n").replace("Length: 16", "Length: 99");
            stream.write_all(text.as_bytes()).await?;
        }
    }
    stream.shutdown().await
}

fn whole(text: &str) -> String {
    let length = text.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{text}")
}
