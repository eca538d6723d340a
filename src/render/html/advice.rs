//! An endpoint to the commands that show the same by hand, and on Exchange those that mend it.

use std::net::IpAddr;

use super::markup::Html;
use crate::name::Host;
use crate::report::{Entry, State, TargetReport};
use crate::smtp::Mode;

/// What Exchange says of itself in its greeting.
const EXCHANGE: &str = "Microsoft ESMTP";

/// What mends it, where we know the server.
pub(super) fn mend(page: &mut Html, target: &TargetReport, entry: &Entry) {
    if !is_exchange(entry) {
        return;
    }
    let commands = exchange(target, entry);
    if !commands.is_empty() {
        page.raw("<h3>In the Exchange Management Shell of this server</h3><pre>")
            .lines(&commands.join("\n"))
            .raw("</pre>");
    }
}

/// How to see the same.
pub(super) fn look(page: &mut Html, entry: &Entry) {
    page.raw("<h3>See it by hand</h3><pre>")
        .lines(&openssl(entry))
        .lines(&finger(entry))
        .raw("</pre>");
}

fn is_exchange(entry: &Entry) -> bool {
    let banner = entry.observation.banner.as_deref();
    banner.is_some_and(|banner| banner.contains(EXCHANGE))
}

/// The name as sent in SNI. A host has only letters, digits, dots, hyphens and underscores: no quotes are needed.
fn server_name(entry: &Entry) -> Option<&str> {
    entry.endpoint.server_name.as_ref().and_then(Host::name)
}

fn openssl(entry: &Entry) -> String {
    let endpoint = &entry.endpoint;
    let at = endpoint.at();
    let starttls = match endpoint.mode {
        Mode::StartTls => " -starttls smtp",
        Mode::Implicit => "",
    };
    let name = match server_name(entry) {
        Some(name) => format!("-servername {name} -verify_hostname {name}"),
        None => "-noservername".to_owned(),
    };
    format!("openssl s_client{starttls} -connect {at} {name} -showcerts </dev/null")
}

/// posttls-finger(1) wants addresses in brackets, without which it would look for MX records.
fn finger(entry: &Entry) -> String {
    let endpoint = &entry.endpoint;
    let wrapper = match endpoint.mode {
        Mode::StartTls => "",
        Mode::Implicit => " -w",
    };
    let name = server_name(entry);
    let sni = name.map_or_else(String::new, |name| format!(" -s {name}"));
    let matched = name.map_or_else(String::new, |name| format!(" {name}"));
    let address = match &endpoint.address {
        Host::Address(IpAddr::V6(v6)) => format!("ipv6:{v6}"),
        other => other.to_string(),
    };
    format!(
        "posttls-finger -C -l secure{wrapper}{sni} \"[{address}]:{}\"{matched}",
        endpoint.port
    )
}

/// Commands for what is wrong. Nothing in them was written by the server: thumbprints are digits.
fn exchange(target: &TargetReport, entry: &Entry) -> Vec<String> {
    let list =
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,NotAfter,Services,Status";
    let enable = |thumbprint: &str| {
        format!("Enable-ExchangeCertificate -Thumbprint {thumbprint} -Services SMTP")
    };
    match entry.state {
        State::Healthy => Vec::new(),
        State::Unreachable => vec![
            list.to_owned(),
            "Get-ReceiveConnector | Format-List Identity,Bindings,Fqdn,AuthMechanism,TlsCertificateName"
                .to_owned(),
            "Get-EventLog Application -Source MSExchangeTransport -Newest 50 | Where-Object EventID -in 12014,12016"
                .to_owned(),
        ],
        _ => {
            let newer = newest_elsewhere(target, entry);
            let thumbprint = newer.as_deref().unwrap_or("<thumbprint of the new certificate>");
            let mut commands = vec![list.to_owned(), enable(thumbprint)];
            commands.extend(connectors(entry, thumbprint));
            commands
        }
    }
}

/// The thumbprint of the leaf that another endpoint serves and that lives longer.
fn newest_elsewhere(target: &TargetReport, entry: &Entry) -> Option<String> {
    let others = target.entries.iter();
    let newest = others
        .filter(|other| other.not_after() > entry.not_after())
        .max_by_key(|other| other.not_after())?;
    Some(newest.observation.leaf()?.fingerprints().sha1_hex())
}

/// A new subject or issuer has to be written into every connector that names the old one.
fn connectors(entry: &Entry, thumbprint: &str) -> Vec<String> {
    if entry.verdict.failure("tls_certificate_name").is_none() {
        return Vec::new();
    }
    vec![
        format!("$c = Get-ExchangeCertificate -Thumbprint {thumbprint}"),
        "$name = \"<I>$($c.Issuer)<S>$($c.Subject)\"".to_owned(),
        "Get-ReceiveConnector | Where-Object TlsCertificateName | Set-ReceiveConnector -TlsCertificateName $name"
            .to_owned(),
        "Get-SendConnector | Where-Object TlsCertificateName | Set-SendConnector -TlsCertificateName $name"
            .to_owned(),
        "Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport".to_owned(),
    ]
}
