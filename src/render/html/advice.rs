//! An endpoint to the commands that show the same by hand, and on Exchange those that mend it.

use std::net::IpAddr;

use super::markup::Html;
use crate::name::Host;
use crate::observation::Speaker;
use crate::reason::Reason;
use crate::report::{Entry, Examples, State, TargetReport};
use crate::smtp::Mode;
use crate::target::{Offer, ProxyProtocol};

/// What Exchange says of itself in its greeting, unless its operator changed that.
const EXCHANGE: &str = "Microsoft ESMTP";
/// And what only Exchange offers in its answer to EHLO, to its own kind.
const KEYWORDS: [&str; 2] = ["X-ANONYMOUSTLS", "X-EXPS"];
/// Who greets alike and has no Exchange Management Shell: the SMTP service of IIS, and Exchange Online.
const RELATIVES: [&str; 2] = [
    "Microsoft ESMTP MAIL Service, Version:",
    ".protection.outlook.com ",
];

/// What is known of a target's servers, found once for all of them.
pub(super) struct Siblings<'a> {
    /// One that cannot be read says nothing of itself; its siblings may.
    any_is_exchange: bool,
    examples: Examples<'a>,
}

impl<'a> Siblings<'a> {
    pub(super) fn of(target: &'a TargetReport) -> Self {
        Self {
            any_is_exchange: target.entries.iter().any(is_exchange),
            examples: Examples::new(target),
        }
    }
}

/// What mends it, where we know the server.
pub(super) fn mend(page: &mut Html, siblings: &Siblings<'_>, entry: &Entry) {
    if !siblings.any_is_exchange {
        return;
    }
    let commands = exchange(&siblings.examples, entry);
    if !commands.is_empty() {
        page.raw("<h3>In the Exchange Management Shell of this server</h3><pre>")
            .lines(&commands.join("\n"))
            .raw("</pre>");
    }
}

/// How to see the same.
pub(super) fn look(page: &mut Html, entry: &Entry) {
    page.raw("<h3>See it by hand</h3><pre>")
        .lines(headless(entry))
        .lines(&openssl(entry))
        .lines(&finger(entry))
        .raw("</pre>");
}

/// Neither command below can send the header that such a server waits for.
fn headless(entry: &Entry) -> &'static str {
    match entry.endpoint.proxy_protocol {
        ProxyProtocol::Off => "",
        ProxyProtocol::V1 | ProxyProtocol::V2 => {
            "# Neither sends the PROXY header that this server waits for: go through its load balancer.\n"
        }
    }
}

fn is_exchange(entry: &Entry) -> bool {
    let banner = entry.observation.banner.as_deref().unwrap_or_default();
    let is_relative = RELATIVES.iter().any(|mark| banner.contains(mark));
    let lines = &entry.observation.transcript;
    let mut heard = lines.iter().filter(|line| line.speaker == Speaker::Server);
    !is_relative
        && (banner.contains(EXCHANGE)
            || heard.any(|line| KEYWORDS.iter().any(|word| line.text.contains(word))))
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
    let offer = match endpoint.offer {
        Offer::Any => "",
        Offer::Rsa => " -sigalgs RSA-PSS+SHA256:RSA+SHA256",
        Offer::Ecdsa => " -sigalgs ECDSA+SHA256:ECDSA+SHA384",
    };
    format!("openssl s_client{starttls} -connect {at} {name}{offer} -showcerts </dev/null")
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
fn exchange(examples: &Examples<'_>, entry: &Entry) -> Vec<String> {
    let list =
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,NotAfter,Services,Status"
            .to_owned();
    let Some(cause) = entry.causes.first() else {
        return Vec::new();
    };
    match cause.reason {
        _ if entry.state == State::Unreachable => vec![
            list,
            "Get-ReceiveConnector | Format-List Identity,Bindings,Fqdn,AuthMechanism,TlsCertificateName"
                .to_owned(),
            "Get-EventLog Application -Source MSExchangeTransport -Newest 50 | Where-Object EventID -in 12014,12016"
                .to_owned(),
        ],
        Reason::TlsCertificateNameMismatch | Reason::IssuerMismatch => {
            let own = thumbprint(entry);
            own.map_or_else(|| vec![list], |own| connectors(&own))
        }
        Reason::ExpiresSoon
            | Reason::CertExpired
            | Reason::CertNotYetValid
            | Reason::CertificatesDiffer
            | Reason::SelfSigned
            | Reason::NameMismatch
            | Reason::SubjectMismatch
            | Reason::FingerprintMismatch
            | Reason::EkuMissing
            | Reason::KeyUsageMissing
            | Reason::IssuerUnfit
            | Reason::WeakCrypto
            | Reason::Revoked
            | Reason::CertUnreadable
        => {
            let example = examples.of(entry).and_then(thumbprint);
            let wanted = example.as_deref().unwrap_or("<thumbprint of the right certificate>");
            vec![
                list,
                "# Not in the list? Import it with its private key first: docs/runbooks/exchange.md, step 6".to_owned(),
                format!("Enable-ExchangeCertificate -Thumbprint {wanted} -Services SMTP"),
            ]
        }
        // What is wrong is not which certificate is enabled.
        _ => Vec::new(),
    }
}

fn thumbprint(entry: &Entry) -> Option<String> {
    Some(entry.observation.leaf()?.fingerprints().sha1_hex())
}

/// A new subject or issuer has to be written into every connector that names the old one, and into no other.
fn connectors(thumbprint: &str) -> Vec<String> {
    [
        "# If this certificate is the right one: which connectors name the old one?",
        "Get-SendConnector | Format-List Name,TlsCertificateName",
        "Get-ReceiveConnector | Format-List Identity,TlsCertificateName",
        &format!("$c = Get-ExchangeCertificate -Thumbprint {thumbprint}"),
        "$name = \"<I>$($c.Issuer)<S>$($c.Subject)\"",
        "Set-SendConnector '<its name>' -TlsCertificateName $name",
        "Set-ReceiveConnector '<its identity>' -TlsCertificateName $name",
        "Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport",
    ]
    .map(str::to_owned)
    .to_vec()
}
