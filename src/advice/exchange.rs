//! An endpoint of an Exchange server to the commands that mend what is wrong with it.

use super::remedy::{Exchange, remedy};
use crate::facts::observation::Speaker;
use crate::report::{Entry, Examples, State, TargetReport};

/// What Exchange says of itself in its greeting, unless its operator changed that.
const EXCHANGE: &str = "Microsoft ESMTP";
/// And what only Exchange offers in its answer to EHLO, to its own kind.
const KEYWORDS: [&str; 2] = ["X-ANONYMOUSTLS", "X-EXPS"];
/// These greet alike and have no Exchange Management Shell: the SMTP service of IIS, and Exchange Online.
const RELATIVES: [&str; 2] = [
    "Microsoft ESMTP MAIL Service, Version:",
    ".protection.outlook.com ",
];

/// Lines for the Exchange Management Shell of this server; none where the target's servers are not Exchange, or where it
/// mends nothing.
///
/// Nothing in them was written by the server: thumbprints are digits.
pub fn on_exchange(siblings: &Siblings<'_>, entry: &Entry) -> Vec<String> {
    let Some(reason) = entry.reason().filter(|_| siblings.any_is_exchange) else {
        return Vec::new();
    };
    if entry.state == State::Unreachable {
        return unread();
    }
    match remedy(reason).exchange {
        Exchange::Nothing => Vec::new(),
        Exchange::Enable => enable(siblings.examples.of(entry)),
        Exchange::Connectors => connectors(entry),
    }
}

/// What is known of a target's servers, found once for all of them.
#[derive(Debug)]
pub struct Siblings<'a> {
    /// One that cannot be read says nothing of itself; its siblings may.
    any_is_exchange: bool,
    /// The endpoints with a certificate that others should present too.
    pub examples: Examples<'a>,
}

impl<'a> Siblings<'a> {
    /// Those of one target.
    pub fn of(target: &'a TargetReport) -> Self {
        Self {
            any_is_exchange: target.entries.iter().any(is_exchange),
            examples: Examples::new(target),
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

const LIST: &str =
    "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,NotAfter,Services,Status";

/// No certificate was read: what the server has, where it listens, and what it cannot find.
fn unread() -> Vec<String> {
    [
        LIST,
        "Get-ReceiveConnector | Format-List Identity,Bindings,Fqdn,AuthMechanism,TlsCertificateName",
        "Get-EventLog Application -Source MSExchangeTransport -Newest 50 | Where-Object EventID -in 12014,12016",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Another certificate has to be enabled: that of the example, where there is one.
fn enable(example: Option<&Entry>) -> Vec<String> {
    let example = example.and_then(thumbprint);
    let wanted = example.as_deref();
    let wanted = wanted.unwrap_or("<thumbprint of the right certificate>");
    [
        LIST,
        "# Not in the list? Import it with its private key first: docs/runbooks/exchange.md, step 6",
        &format!("Enable-ExchangeCertificate -Thumbprint {wanted} -Services SMTP"),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn thumbprint(entry: &Entry) -> Option<String> {
    Some(entry.observation.leaf()?.fingerprints().sha1_hex())
}

/// A new subject or issuer has to be written into every connector that names the old one, and into no other.
fn connectors(entry: &Entry) -> Vec<String> {
    let Some(thumbprint) = thumbprint(entry) else {
        return vec![LIST.to_owned()];
    };
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
