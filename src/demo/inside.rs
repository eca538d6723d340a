//! The inside of the play's five relays: the inventories that a collector would have written on them.

use std::io;

use data_encoding::BASE64;

use super::authority::Credentials;
use crate::timestamp::Timestamp;

/// An inventory as JSON (schema `smtp-tls-inventory/1`), and what its file would be called.
pub(crate) struct Told {
    pub(crate) file: String,
    pub(crate) json: String,
}

/// One relay: its name, the messages that wait on it, and how it came by the new certificate.
struct Relay {
    name: &'static str,
    host: u8,
    messages: u32,
    renewal: Renewal,
}

/// How far the renewal is on a relay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    /// The new certificate is enabled for SMTP: mail flows again.
    Enabled,
    /// It was imported, and not enabled.
    Imported,
    /// It was imported without its private key.
    WithoutKey,
}

const RELAYS: [Relay; 5] = [
    relay("BearA", 11, 443, Renewal::Enabled),
    relay("BearB", 12, 1122, Renewal::Imported),
    relay("BearC", 13, 1442, Renewal::WithoutKey),
    relay("BearD", 14, 800, Renewal::Imported),
    relay("BearE", 15, 2887, Renewal::Imported),
];

const fn relay(name: &'static str, host: u8, messages: u32, renewal: Renewal) -> Relay {
    Relay {
        name,
        host,
        messages,
        renewal,
    }
}

/// What the collector wrote a minute ago; before that, the first relay had its mail still waiting.
pub(super) fn inventories(
    old: &Credentials,
    new: &Credentials,
    connector: &str,
    now: Timestamp,
) -> io::Result<Vec<Told>> {
    let before = Relay {
        messages: 1443,
        renewal: Renewal::Imported,
        ..relay("BearA", 11, 0, Renewal::Imported)
    };
    let before = inventory(&before, [old, new], connector, now.plus_seconds(-360))?;
    let mut told = vec![before];
    for relay in &RELAYS {
        told.push(inventory(
            relay,
            [old, new],
            connector,
            now.plus_seconds(-60),
        )?);
    }
    Ok(told)
}

fn inventory(
    relay: &Relay,
    [old, new]: [&Credentials; 2],
    connector: &str,
    at: Timestamp,
) -> io::Result<Told> {
    let Relay { name, host, .. } = relay;
    let has_key = relay.renewal != Renewal::WithoutKey;
    let services = match relay.renewal {
        Renewal::Enabled => r#"["SMTP"]"#,
        Renewal::Imported | Renewal::WithoutKey => "[]",
    };
    let (old, new) = (base64(old)?, base64(new)?);
    let json = format!(
        r#"{{
  "schema": "smtp-tls-inventory/1",
  "collected_at": "{at}",
  "collector": {{"name": "demo", "version": "1", "seconds": 0.1}},
  "server": {{"name": "{name}", "fqdn": "{fqdn}.bears.test", "kind": "exchange", "version": "15.2.1258.12",
             "addresses": ["127.0.0.{host}"], "running": true}},
  "errors": [],
  "queues": [{queue}],
  "certificates": [
    {{"der": "{old}", "services": ["SMTP"], "status": "DateInvalid", "private_key": true, "listed": true,
     "places": ["LocalMachine\\My"]}},
    {{"der": "{new}", "services": {services}, "status": "Valid", "private_key": {has_key}, "listed": {has_key},
     "places": ["LocalMachine\\My"]}}],
  "uses": [{first}, {second}]
}}"#,
        fqdn = name.to_lowercase(),
        queue = queue(relay, at),
        first = send_connector("Internet Mail (Primary)", INTERNET, connector),
        second = send_connector("Outbound to Office 365", OFFICE, connector),
    );
    Ok(Told {
        file: format!("{name}.json"),
        json,
    })
}

const INTERNET: &str = "5b1f0c59-2a53-4f0d-9c53-6d4e9ad1c0a1";
const OFFICE: &str = "0292c782-9804-4d8b-ae0e-e1c7ab90852b";

fn queue(relay: &Relay, at: Timestamp) -> String {
    let (status, error, velocity) = match relay.renewal {
        Renewal::Enabled => ("Active", "null", "-0.72"),
        Renewal::Imported | Renewal::WithoutKey => (
            "Retry",
            r#""454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.""#,
            "0.0",
        ),
    };
    format!(
        r#"{{"kind": "delivery", "next_hop": "bears-test.mail.protection.example", "use": "{OFFICE}", "status": "{status}",
     "messages": {}, "last_error": {error}, "since": "{}", "velocity": {velocity}}}"#,
        relay.messages,
        at.plus_seconds(-52_000),
    )
}

fn send_connector(name: &str, id: &str, wanted: &str) -> String {
    let servers: Vec<_> = RELAYS
        .iter()
        .map(|relay| format!("\"{}\"", relay.name))
        .collect();
    format!(
        r#"{{"id": "{id}", "name": "{name}", "role": "client", "enabled": true,
     "select": {{"tls_certificate_name": "{wanted}"}}, "servers": [{}], "require_tls": true}}"#,
        servers.join(", ")
    )
}

fn base64(credentials: &Credentials) -> io::Result<String> {
    let leaf = credentials.chain.first();
    let leaf = leaf.ok_or_else(|| io::Error::other("a chain without a leaf"))?;
    Ok(BASE64.encode(leaf))
}
