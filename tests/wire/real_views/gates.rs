//! Settings into running proxies: microsocks, Dante and tinyproxy; must not know what goes through them.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use testkit::process::{Process, program, until};

use super::free_port;

/// A proxy at work.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    _process: Process,
}

impl Gate {
    /// SOCKS5, with a user and password where they are given.
    pub(crate) fn microsocks(place: &Path, credentials: Option<(&str, &str)>) -> Self {
        let address = free_port();
        let mut command = Command::new(program("microsocks"));
        let port = address.port().to_string();
        command.args(["-i", "127.0.0.1", "-p", &port]);
        if let Some((user, password)) = credentials {
            command.args(["-u", user, "-P", password]);
        }
        Self::start(place, "microsocks", address, &mut command)
    }

    /// SOCKS5 that lets nobody through to `forbidden`.
    pub(crate) fn dante(place: &Path, forbidden: u16) -> Self {
        let address = free_port();
        let rule =
            |verdict, port: &str| format!("socks {verdict} {{ from: 0/0 to: 0/0 {port} }}\n");
        let config = format!(
            "logoutput: stderr\ninternal: 127.0.0.1 port = {}\nexternal: 127.0.0.1\n\
             clientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n\
             client pass {{ from: 0/0 to: 0/0 }}\n{}{}",
            address.port(),
            rule("block", &format!("port = {forbidden}")),
            rule("pass", ""),
        );
        let file = place.join(format!("danted-{}.conf", address.port()));
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("danted"));
        Self::start(place, "danted", address, command.arg("-f").arg(&file))
    }

    /// CONNECT to these ports only, with a user and password where they are given.
    pub(crate) fn tinyproxy(
        place: &Path,
        ports: &[u16],
        credentials: Option<(&str, &str)>,
    ) -> Self {
        let address = free_port();
        let mut config = format!(
            "Port {}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Info\n",
            address.port()
        );
        for port in ports {
            config += &format!("ConnectPort {port}\n");
        }
        if let Some((user, password)) = credentials {
            config += &format!("BasicAuth {user} {password}\n");
        }
        let file = place.join(format!("tinyproxy-{}.conf", address.port()));
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("tinyproxy"));
        Self::start(
            place,
            "tinyproxy",
            address,
            command.arg("-d").arg("-c").arg(&file),
        )
    }

    fn start(place: &Path, name: &str, address: SocketAddr, command: &mut Command) -> Self {
        let log = place.join(format!("{name}-{}.log", address.port()));
        let process = Process::start(name, command, &log);
        until(&format!("{name} listens"), || {
            let connected = TcpStream::connect(address);
            connected.map(drop).map_err(|e| e.to_string())
        });
        Self {
            address,
            _process: process,
        }
    }
}
