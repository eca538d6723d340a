//! What Alertmanager posts to its webhook receiver into a list of notifications.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

/// One alert in one state.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) status: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) description: String,
}

impl Notification {
    /// The value of a label, empty without it.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    fn read(alert: &Value) -> Option<Self> {
        let labels = alert["labels"].as_object()?.iter();
        let labels = labels.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        Some(Self {
            status: alert["status"].as_str()?.to_owned(),
            labels: labels.collect::<Option<_>>()?,
            description: alert["annotations"]["description"].as_str()?.to_owned(),
        })
    }
}

/// A listener that takes every post.
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Notification>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Webhook {
    /// Listens on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port just bound");
        let received = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (received, over) = (Arc::clone(&received), Arc::clone(&over));
            move || listen(&listener, &received, &over)
        });
        Self {
            address,
            received,
            over,
            thread: Some(thread),
        }
    }

    /// What came until now, oldest first.
    pub(crate) fn received(&self) -> Vec<Notification> {
        let list = self.received.lock();
        list.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn listen(listener: &TcpListener, received: &Mutex<Vec<Notification>>, over: &AtomicBool) {
    for stream in listener.incoming() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        match stream.and_then(|stream| take(&stream)) {
            Ok(news) => {
                let list = received.lock();
                list.unwrap_or_else(PoisonError::into_inner).extend(news);
            }
            Err(error) => eprintln!("webhook: {error}"),
        }
    }
}

/// One post, and one only: Alertmanager is told to connect anew for the next.
fn take(mut stream: &TcpStream) -> std::io::Result<Vec<Notification>> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().map_err(std::io::Error::other)?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    let body: Value = serde_json::from_slice(&body)?;
    let alerts = body["alerts"].as_array().into_iter().flatten();
    let news: Option<Vec<_>> = alerts.map(Notification::read).collect();
    news.ok_or_else(|| std::io::Error::other(format!("not what Alertmanager posts: {body}")))
}
