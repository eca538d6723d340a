//! A moment to the bear world: mail servers on loopback that play an incident, a name server for each view, and the
//! configuration that watches them; knows nothing of the exporter that does.

mod authority;
mod inside;
mod mail;
mod names;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use crate::timestamp::Timestamp;
use authority::{Authority, Credentials, Leaf};
pub(crate) use inside::Told;
use mail::{MailServer, Manner};
use names::NameServer;

/// Running servers and what to tell the exporter of them. They end with it.
pub(crate) struct World {
    /// YAML; the targets' roots are still to be set to `root`.
    pub(crate) config: String,
    /// The root that this world trusts, in DER: it is in no file.
    pub(crate) root: Vec<u8>,
    /// The inventories of the relays, the older before the younger.
    pub(crate) inventories: Vec<Told>,
    _servers: Vec<MailServer>,
    _names: [NameServer; 2],
}

/// What opens the play, in three sentences.
pub(crate) const INTRODUCTION: &str = "\
Eleven small mail servers inside this program play an incident, on loopback only.
The certificate of hybrid-relay was renewed, but only 127.0.0.11 presents the new one; on its four other servers the old
one ended six days ago.
The table is what `smtp-tls-exporter check` says about them, and the exporter serves the same at the addresses below it.
";

/// What is said of the second table, in one line.
pub(crate) const INSIDE: &str = "\
The second table needs a file from each mail server: a collector writes it there (Get-SmtpTlsInside.ps1, or `collect`).
";

/// Inside, this name leads to a server that was renewed; outside, to one that was forgotten.
const SPLIT: &str = "split.bears.test";
const RELAY: &str = "mailrelay.bears.test";

impl World {
    /// Starts everything; certificates are valid, or not, around `now`.
    ///
    /// # Errors
    /// When no port is free on all addresses, or a certificate cannot be made.
    pub(crate) async fn start(now: Timestamp) -> io::Result<Self> {
        let authority = Authority::new(now)?;
        let cast = cast(&authority)?;
        let (port, servers) = start_all(&cast).await?;
        // The first presents the renewed certificate, the second the old one.
        let [(_, new, _), (_, old, _), ..] = cast.as_slice() else {
            return Err(io::Error::other("nobody plays"));
        };
        let inventories = inside::inventories(old, new, &connector(), now)?;
        let names = [names(31).await?, names(32).await?];
        Ok(Self {
            config: config(port, names.each_ref().map(|server| server.address)),
            root: authority.root(),
            inventories,
            _servers: servers,
            _names: names,
        })
    }
}

/// Who plays what: the last part of its address, and how it behaves.
fn cast(authority: &Authority) -> io::Result<Vec<Role>> {
    let issue = |name, from_day, until_day| {
        authority.issue(&Leaf {
            name,
            from_day,
            until_day,
        })
    };
    let renewed = issue(RELAY, -2, 88)?;
    let expired = issue(RELAY, -371, -6)?;
    let printer = authority.self_signed(&Leaf {
        name: "printer.bears.test",
        from_day: -400,
        until_day: 3250,
    })?;
    let old = issue("old-den.bears.test", -30, 60)?;
    let submission = issue("submission.bears.test", -30, 60)?;
    Ok(vec![
        (11, renewed.clone(), Manner::Exchange),
        (12, expired.clone(), Manner::Exchange),
        (13, expired.clone(), Manner::Exchange),
        (14, expired.clone(), Manner::Exchange),
        (15, expired, Manner::Exchange),
        (21, printer, Manner::StartTls),
        (22, old, Manner::StartTls),
        (23, renewed, Manner::WithoutTls),
        (24, submission, Manner::Implicit),
        (31, issue(SPLIT, -10, 80)?, Manner::StartTls),
        (32, issue(SPLIT, -100, -10)?, Manner::StartTls),
    ])
}

type Role = (u8, Credentials, Manner);

/// A name server that leads to this host.
async fn names(host: u8) -> io::Result<NameServer> {
    NameServer::start(SPLIT, Ipv4Addr::new(127, 0, 0, host)).await
}

/// All servers on one port, each at its own address: the first port that is free on all of them.
async fn start_all(cast: &[Role]) -> io::Result<(u16, Vec<MailServer>)> {
    let mut last = io::Error::other("no port was tried");
    for port in 2525..2560 {
        match start_on(cast, port).await {
            Ok(servers) => return Ok((port, servers)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn start_on(cast: &[Role], port: u16) -> io::Result<Vec<MailServer>> {
    let mut servers = Vec::new();
    for (host, credentials, manner) in cast {
        let address = SocketAddr::from(([127, 0, 0, *host], port));
        servers.push(MailServer::start(address, credentials, *manner).await?);
    }
    Ok(servers)
}

/// What the relays' connectors say of their certificate.
fn connector() -> String {
    format!(
        "<I>CN=Bear Issuing CA, O=BearWorld, L=Bearville, C=US<S>CN={RELAY}, O=BearWorld, L=Bearville, C=US"
    )
}

fn config(port: u16, [inside, outside]: [SocketAddr; 2]) -> String {
    format!(
        r#"# The root of these certificates is made anew with every demo and only in memory.
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
      tls_certificate_name: "{}"
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
"#,
        connector()
    )
}
