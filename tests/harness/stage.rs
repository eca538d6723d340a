//! Servers and the configuration that watches them.

use std::io;
use std::net::SocketAddr;

use super::any_port;
use crate::peer::{Credentials, Server, Speech};

/// One target with one server.
pub(crate) struct Role<'a> {
    pub(crate) name: &'a str,
    pub(crate) credentials: Credentials,
    pub(crate) speech: Speech,
    /// More keys of the target, as `expect: {…}`, with a comma before each.
    pub(crate) more: String,
}

impl<'a> Role<'a> {
    pub(crate) fn new(name: &'a str, credentials: Credentials) -> Self {
        Self {
            name,
            credentials,
            speech: Speech::default(),
            more: String::new(),
        }
    }
}

/// Running servers, and the configuration for them; every target's host is `host`.
pub(crate) struct Stage {
    pub(crate) servers: Vec<Server>,
    pub(crate) config: String,
}

impl Stage {
    pub(crate) async fn set(host: &str, roles: Vec<Role<'_>>) -> io::Result<Self> {
        let mut servers = Vec::new();
        let mut config = "trust: {roots: root.pem}\ntargets:\n".to_owned();
        for role in roles {
            let tls = mode(&role.speech);
            let server = Server::start(any_port([127, 0, 0, 1]), &role.credentials, role.speech);
            let server = server.await?;
            let (name, port, more) = (role.name, server.address.port(), role.more);
            config += &format!(
                "- {{name: {name}, host: {host}, addresses: [127.0.0.1], ports: [{port}], tls: {tls}{more}}}\n"
            );
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

/// Servers on one port, each at its own address of 127.0.`net`.0/24, from 1 on.
pub(crate) async fn fleet(net: u8, presented: &[&Credentials]) -> io::Result<Vec<Server>> {
    let mut last = io::Error::other("not tried");
    for _ in 0..50 {
        match one_port(net, presented).await {
            Ok(servers) => return Ok(servers),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn one_port(net: u8, presented: &[&Credentials]) -> io::Result<Vec<Server>> {
    let mut servers: Vec<Server> = Vec::new();
    for (credentials, host) in presented.iter().zip(1..) {
        let port = servers.first().map_or(0, |first| first.address.port());
        let address = SocketAddr::from(([127, 0, net, host], port));
        servers.push(Server::start(address, credentials, Speech::default()).await?);
    }
    Ok(servers)
}
