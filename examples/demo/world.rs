//! The servers of the bear world, and a configuration that watches them.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::peer::{Answer, Authority, Credentials, Dns, Leaf, Server, Speech};

/// Running servers and what to tell the exporter of them.
pub(crate) struct World {
    /// YAML.
    pub(crate) config: String,
    _servers: Vec<Server>,
    _names: [Dns; 2],
}

/// Inside it leads to a server that was renewed, outside to one that was forgotten.
const SPLIT: &str = "split.bears.test";
const RELAY: &str = "mailrelay.bears.test";

impl World {
    /// Starts everything around the moment `now` (Unix time).
    pub(crate) async fn start(directory: &Path, now: i64) -> io::Result<Self> {
        let authority = Authority::new("Bear", now);
        fs::write(directory.join("bear-root.pem"), authority.root_pem())?;
        let expired = authority.issue(&Leaf::server(RELAY, -371, -6));
        let renewed = authority.issue(&Leaf::server(RELAY, -2, 88));
        let cast = [
            (11, &renewed, exchange()),
            (12, &expired, exchange()),
            (13, &expired, exchange()),
            (14, &expired, exchange()),
            (15, &expired, exchange()),
            (
                21,
                &authority.self_signed(&Leaf::server("printer.bears.test", -400, 3250)),
                Speech::default(),
            ),
            (
                22,
                &authority.issue(&Leaf::server("old-den.bears.test", -30, 60)),
                Speech::default(),
            ),
            (23, &renewed, without_starttls()),
            (
                24,
                &authority.issue(&Leaf::server("submission.bears.test", -30, 60)),
                implicit(),
            ),
            (
                31,
                &authority.issue(&Leaf::server(SPLIT, -10, 80)),
                Speech::default(),
            ),
            (
                32,
                &authority.issue(&Leaf::server(SPLIT, -100, -10)),
                Speech::default(),
            ),
        ];
        let (port, servers) = start_all(&cast).await?;
        let names = [names(31).await?, names(32).await?];
        Ok(Self {
            config: config(port, names.each_ref().map(|dns| dns.address)),
            _servers: servers,
            _names: names,
        })
    }
}

/// A name server that leads to this host.
async fn names(host: u8) -> io::Result<Dns> {
    let address = Answer::Address(IpAddr::from([127, 0, 0, host]));
    Dns::start([(SPLIT, vec![address])].into()).await
}

type Role<'a> = (u8, &'a Credentials, Speech);

/// All servers on one port, each at its own address: the first port that is free on all of them.
async fn start_all(cast: &[Role<'_>]) -> io::Result<(u16, Vec<Server>)> {
    let mut last = io::Error::other("no port was tried");
    for port in 2525..2560 {
        match start_on(cast, port).await {
            Ok(servers) => return Ok((port, servers)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn start_on(cast: &[Role<'_>], port: u16) -> io::Result<Vec<Server>> {
    let mut servers = Vec::new();
    for (host, credentials, speech) in cast {
        let address = SocketAddr::from(([127, 0, 0, *host], port));
        servers.push(Server::start(address, credentials, speech.clone()).await?);
    }
    Ok(servers)
}

fn exchange() -> Speech {
    Speech {
        banner: format!("{RELAY} Microsoft ESMTP MAIL Service ready"),
        ..Speech::default()
    }
}

fn without_starttls() -> Speech {
    Speech {
        offers_starttls: false,
        ..Speech::default()
    }
}

fn implicit() -> Speech {
    Speech {
        implicit: true,
        ..Speech::default()
    }
}

fn config(port: u16, [inside, outside]: [SocketAddr; 2]) -> String {
    format!(
        r#"trust:
  roots: bear-root.pem
views:
  internal: {{resolvers: ["udp://{inside}"]}}
  external: {{resolvers: ["udp://{outside}"]}}
defaults:
  ports: [{port}]
targets:
  - name: hybrid-relay              # BearA to BearE
    host: {RELAY}
    addresses: [127.0.0.11, 127.0.0.12, 127.0.0.13, 127.0.0.14, 127.0.0.15]
    labels: {{site: bearville}}
    expect:
      tls_certificate_name: "<I>CN=Bear Issuing CA, O=BearWorld, L=Bearville, C=US<S>CN={RELAY}, O=BearWorld, L=Bearville, C=US"
  - name: printer-relay
    host: printer.bears.test
    addresses: [127.0.0.21]
  - name: den-gateway
    host: den.bears.test
    addresses: [127.0.0.22]
  - name: fax-gateway
    host: {RELAY}
    addresses: [127.0.0.23]
  - name: submission
    host: submission.bears.test
    addresses: [127.0.0.24]
    tls: implicit
  - name: split-horizon             # healthy to those who ask inside
    host: {SPLIT}
    views: [internal, external]
"#
    )
}
