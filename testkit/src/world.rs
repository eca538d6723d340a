//! A certificate authority, a directory with its root, servers that present its certificates, and the configuration that
//! watches them.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::clock::now;
use crate::peer::{Authority, Credentials, Leaf, Server, Speech};

/// A certificate authority, and a directory with its root, `root.pem`, and whatever else is written there.
pub struct World {
    pub authority: Authority,
    /// From which the authority counts its days, in Unix time.
    pub moment: i64,
    directory: TempDir,
    servers: Vec<Server>,
}

impl World {
    pub fn new(moment: i64) -> Self {
        Self::of(Authority::new("Bear", moment), moment)
    }

    /// With an authority of that moment.
    pub fn of(authority: Authority, moment: i64) -> Self {
        let world = Self {
            authority,
            moment,
            directory: crate::process::scratch(),
            servers: Vec::new(),
        };
        world.write("root.pem", &world.authority.root_pem());
        world
    }

    /// For the program, which has the clock of this machine: an hour ahead, so that whole days are left however long a
    /// test takes.
    pub fn today() -> Self {
        Self::new(now() + 3600)
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// Writes a file beside the root.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let file = self.path(name);
        std::fs::write(&file, content).expect("a file of ours");
        file
    }

    /// A server's certificate; days are counted from the moment.
    pub fn issue(&self, name: &str, from_day: i64, until_day: i64) -> Credentials {
        self.authority
            .issue(&Leaf::server(name, from_day, until_day))
    }

    /// One more server at 127.0.0.1, with a certificate for `name` that is ten days old. It ends with the world.
    pub async fn server(&mut self, name: &str, until_day: i64, speech: Speech) -> SocketAddr {
        let leaf = self.issue(name, -10, until_day);
        let server = serve(&leaf, speech).await;
        let address = server.address;
        self.servers.push(server);
        address
    }
}

/// A server at any port of 127.0.0.1.
pub async fn serve(credentials: &Credentials, speech: Speech) -> Server {
    let server = Server::start(any_port([127, 0, 0, 1]), credentials, speech);
    server.await.expect("a server")
}

/// Any port of an address of the loopback network.
pub fn any_port(host: [u8; 4]) -> SocketAddr {
    (host, 0).into()
}

/// A line of a configuration: a target of this name with one endpoint.
pub fn target(name: &str, host: &str, at: SocketAddr) -> String {
    target_with(name, host, at, "")
}

/// The same with more keys, as `tls: implicit`, with a comma before each.
pub fn target_with(name: &str, host: &str, at: SocketAddr, more: &str) -> String {
    let (ip, port) = (at.ip(), at.port());
    format!("- {{name: {name}, host: {host}, addresses: ['{ip}'], ports: [{port}]{more}}}\n")
}

/// One target with one server.
pub struct Role<'a> {
    pub name: &'a str,
    pub credentials: Credentials,
    pub speech: Speech,
    /// More keys of the target, as `expect: {…}`, with a comma before each.
    pub more: String,
}

impl<'a> Role<'a> {
    pub fn new(name: &'a str, credentials: Credentials) -> Self {
        Self {
            name,
            credentials,
            speech: Speech::default(),
            more: String::new(),
        }
    }
}

/// Running servers, and the configuration for them; every target's host is `host`.
pub struct Stage {
    pub servers: Vec<Server>,
    pub config: String,
}

impl Stage {
    pub async fn set(host: &str, roles: Vec<Role<'_>>) -> io::Result<Self> {
        let mut servers = Vec::new();
        let mut config = "trust: {roots: root.pem}\ntargets:\n".to_owned();
        for role in roles {
            let more = format!(", tls: {}{}", mode(&role.speech), role.more);
            let any = any_port([127, 0, 0, 1]);
            let server = Server::start(any, &role.credentials, role.speech).await?;
            config += &target_with(role.name, host, server.address, &more);
            servers.push(server);
        }
        Ok(Self { servers, config })
    }
}

fn mode(speech: &Speech) -> &'static str {
    if speech.implicit {
        "implicit"
    } else {
        "starttls"
    }
}

/// Servers on one port, each at its own address of 127.0.`net`.0/24, and that port.
pub async fn fleet(net: u8, cast: &[(u8, &Credentials)]) -> (u16, Vec<Server>) {
    for _ in 0..50 {
        if let Ok(servers) = one_port(net, cast).await {
            let port = servers.first().expect("somebody").address.port();
            return (port, servers);
        }
    }
    panic!("no port is free at all addresses");
}

async fn one_port(net: u8, cast: &[(u8, &Credentials)]) -> io::Result<Vec<Server>> {
    let mut servers: Vec<Server> = Vec::new();
    for (host, credentials) in cast {
        let port = servers.first().map_or(0, |first| first.address.port());
        let address = SocketAddr::from(([127, 0, net, *host], port));
        servers.push(Server::start(address, credentials, Speech::default()).await?);
    }
    Ok(servers)
}
