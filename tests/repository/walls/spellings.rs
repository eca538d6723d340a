//! Every spelling of the clock, files, connections and the process that clippy.toml forbids, each where it must bite: an
//! expectation that nothing fulfils is a warning, and CI denies warnings. None of this ever runs.
#![expect(dead_code, reason = "clippy reads it, nobody calls it")]

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::{self as clock, Duration, Instant, SystemTime};

use rustls::pki_types::UnixTime;
use tokio::net;

/// A function of its own for each, so that each has its own expectation.
macro_rules! bites {
    ($($name:ident: $deed:expr;)+) => {
        $(
            #[expect(clippy::disallowed_methods, reason = "it must bite")]
            fn $name() {
                let _done = $deed;
            }
        )+
    };
}

const AT: &str = "192.0.2.1:25";

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 25))
}

fn any<T>() -> T {
    unreachable!("nobody calls it")
}

bites! {
    system_time: SystemTime::now();
    system_time_aliased: { use clock::SystemTime as Time; Time::now() };
    system_time_as_a_value: Some(()).map(|()| SystemTime::now);
    system_time_elapsed: any::<SystemTime>().elapsed();
    instant: Instant::now();
    instant_elapsed: any::<Instant>().elapsed();
    unix_time: UnixTime::now();
    date_time: time::OffsetDateTime::now_utc();
    utc_date_time: time::UtcDateTime::now();
    open: File::open("x");
    open_by_a_pointer: ["x"].map(File::open);
    create: File::create("x");
    create_new: File::create_new("x");
    file_options: File::options();
    open_options: OpenOptions::new();
    canonicalize: fs::canonicalize("x");
    copy: fs::copy("x", "y");
    create_dir: fs::create_dir("x");
    create_dir_all: fs::create_dir_all("x");
    exists: fs::exists("x");
    hard_link: fs::hard_link("x", "y");
    metadata: fs::metadata("x");
    read: fs::read("x");
    read_dir: fs::read_dir("x");
    read_link: fs::read_link("x");
    read_to_string: fs::read_to_string("x");
    remove_dir: fs::remove_dir("x");
    remove_dir_all: fs::remove_dir_all("x");
    remove_file: fs::remove_file("x");
    rename: fs::rename("x", "y");
    set_permissions: fs::set_permissions("x", any());
    symlink_metadata: fs::symlink_metadata("x");
    write: fs::write("x", "y");
    path_canonicalize: Path::new("x").canonicalize();
    path_exists: Path::new("x").exists();
    path_is_dir: Path::new("x").is_dir();
    path_is_file: Path::new("x").is_file();
    path_metadata: Path::new("x").metadata();
    path_read_dir: Path::new("x").read_dir();
    path_read_link: Path::new("x").read_link();
    path_symlink_metadata: Path::new("x").symlink_metadata();
    path_try_exists: Path::new("x").try_exists();
    listen: TcpListener::bind(AT);
    connect: TcpStream::connect(AT);
    connect_timeout: TcpStream::connect_timeout(&address(), Duration::ZERO);
    look_up: AT.to_socket_addrs();
    datagram: UdpSocket::bind(AT);
    unix_datagram: UnixDatagram::bind("x");
    unix_datagram_unbound: UnixDatagram::unbound();
    unix_listen: UnixListener::bind("x");
    unix_connect: UnixStream::connect("x");
    tokio_listen: net::TcpListener::bind(AT);
    tokio_listen_from_std: net::TcpListener::from_std(any());
    tokio_connect: net::TcpStream::connect(AT);
    tokio_connect_from_std: net::TcpStream::from_std(any());
    tokio_socket_v4: net::TcpSocket::new_v4();
    tokio_socket_v6: net::TcpSocket::new_v6();
    tokio_socket_from_std: net::TcpSocket::from_std_stream(any());
    tokio_datagram: net::UdpSocket::bind(AT);
    tokio_datagram_from_std: net::UdpSocket::from_std(any());
    tokio_unix_datagram: net::UnixDatagram::bind("x");
    tokio_unix_datagram_unbound: net::UnixDatagram::unbound();
    tokio_unix_listen: net::UnixListener::bind("x");
    tokio_unix_connect: net::UnixStream::connect("x");
    tokio_look_up: net::lookup_host(AT);
    command: std::process::Command::new("x");
    abort: || std::process::abort();
    exit: || std::process::exit(1);
}

/// Younger than `rust-version` in Cargo.toml, which no older compiler is needed to find out.
#[expect(clippy::incompatible_msrv, reason = "it must bite")]
fn too_young() -> Duration {
    Duration::from_mins(1)
}
