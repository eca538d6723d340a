//! Strangers who take what there is of passwords to verify and connections: users come in all the same.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::BASE64;
use testkit::peer::{Act, Script, Speech};
use testkit::program::PATIENCE;
use testkit::{Exporter, World};

use super::config;
use crate::PROGRAM;

const STRANGERS: usize = 40;

/// They send another wrong password whenever they know that the last one was; they end with the value.
struct Strangers {
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Strangers {
    fn at(address: SocketAddr) -> Self {
        let (answered, stop) = (Arc::default(), Arc::default());
        let begin = |nth| {
            let (answered, stop) = (Arc::clone(&answered), Arc::clone(&stop));
            std::thread::spawn(move || knock(address, nth, &answered, &stop))
        };
        let threads = (0..STRANGERS).map(begin).collect();
        Self {
            answered,
            stop,
            threads,
        }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn knock(address: SocketAddr, nth: usize, answered: &AtomicUsize, stop: &AtomicBool) {
    for time in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let login = BASE64.encode(format!("bear:{nth} {time}").as_bytes());
        let head = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\r\n"
        );
        let mut answer = Vec::new();
        let asked = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(head.as_bytes())?;
            stream.read_to_end(&mut answer)
        });
        if asked.is_ok() {
            answered.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_in_whatever_passwords_strangers_send() {
    let web = format!(
        "basic_auth_users:\n  bear: {}\n",
        bcrypt::hash("honey", 8).unwrap()
    );
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let setup = PROGRAM
        .over(&config("", &[nobody]))
        .file("root.pem", &World::today().authority.root_pem())
        .file("web.yml", &web);
    let file = setup.path("web.yml").display().to_string();
    let exporter = setup.argument(format!("--web.config.file={file}")).start();
    let strangers = Strangers::at(exporter.address);
    exporter.until("strangers wait", |_| strangers.answered() > 5);
    // Nothing was proven yet: as after a restart.
    let comes_in = |from| {
        let before = strangers.answered();
        let arguments = ["-u", "bear:honey", "--interface", from];
        let got = exporter.fetch("/-/healthy", &arguments);
        assert_eq!(got.status, 200, "from {from}: {}", got.body);
        let first = strangers.answered() - before;
        assert!(first < STRANGERS / 2, "{first} strangers came first");
    };
    comes_in("127.0.0.77");
    exporter.rewrite("web.yml", &format!("{web}# renewed\n"));
    exporter.until("read again", |e| {
        e.log().contains("web configuration reloaded")
    });
    comes_in("127.0.0.1");
}

/// Begins a request and never ends it.
fn hold(exporter: &Exporter) -> TcpStream {
    let mut stream = TcpStream::connect(exporter.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Begins a request, and another as soon as it is sent away.
fn hold_on(address: SocketAddr, held: &AtomicUsize, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let begun = TcpStream::connect(address).and_then(|mut stream| {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nX: ")?;
            stream.set_read_timeout(Some(Duration::from_millis(500)))?;
            Ok(stream)
        });
        if let Ok(mut stream) = begun {
            held.fetch_add(1, Ordering::SeqCst);
            while !stop.load(Ordering::SeqCst) && is_awaited(stream.read(&mut [0])) {}
        }
    }
}

fn is_awaited(read: std::io::Result<usize>) -> bool {
    let waits =
        |error: std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    read.is_err_and(waits)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_come_back_at_once_keep_nobody_out() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    // 40 connections, and 10 a client: fewer than the strangers want, who are this client.
    let exporter = PROGRAM
        .over(&config("", &[nobody]))
        .file("root.pem", &World::today().authority.root_pem())
        .open_files(400)
        .start();
    let (address, held) = (exporter.address, Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let begin = |_| {
        let (held, stop) = (Arc::clone(&held), Arc::clone(&stop));
        std::thread::spawn(move || hold_on(address, &held, &stop))
    };
    let strangers: Vec<_> = (0..100).map(begin).collect();
    exporter.until("they come back", |_| held.load(Ordering::SeqCst) > 150);
    for _ in 0..5 {
        let got = exporter.fetch("/metrics", &[]);
        assert_eq!(got.status, 200, "{}", got.body);
    }
    stop.store(true, Ordering::SeqCst);
    for stranger in strangers {
        stranger.join().unwrap();
    }
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_been_silent_longest_leaves_for_the_next() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let tarpit = Script::start(vec![Act::Hang]).await.unwrap();
    let head = "probe: {timeout: 5s, per_address: 2}";
    // Half of what is left of so many files: 40 connections, and 10 a client.
    let exporter = PROGRAM
        .over(&config(head, &[good, tarpit.address]))
        .file("root.pem", &den.authority.root_pem())
        .open_files(400)
        .start();
    let url = exporter.url("/metrics");
    let scrape = std::thread::spawn(move || testkit::curl::curl(&url, &[]));
    while tarpit.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut held: Vec<_> = (0..60).map(|_| hold(&exporter)).collect();
    assert_eq!(exporter.fetch("/-/healthy", &[]).status, 200);
    let read = held[0].read(&mut [0]);
    assert!(!matches!(read, Ok(1)), "{read:?}");
    assert!(!is_closed(held.last_mut().unwrap()));
    let answered = scrape.join().unwrap();
    assert_eq!(answered.status, 200, "nobody who is answered leaves");
}
