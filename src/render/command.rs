//! An endpoint and what is wrong with it to what to type in a shell.

use crate::reason::Reason;
use crate::report::Entry;
use crate::smtp::Mode;
use crate::target::ProxyProtocol;

/// What shows the trouble by hand.
pub(super) fn command(entry: &Entry, reason: Reason) -> Option<String> {
    let (address, port) = (&entry.endpoint.address, entry.endpoint.port);
    match reason {
        Reason::ConnectRefused | Reason::ConnectTimeout | Reason::ConnectUnreachable => {
            Some(format!("nc -vz {address} {port}"))
        }
        // No tool sends the header that the others wait for.
        Reason::ConnectionClosed
        | Reason::TlsClosed
        | Reason::TlsTimeout
        | Reason::TlsAlert
        | Reason::TlsNoCommonParameters
        | Reason::TlsProtocolError => {
            let is_headless = entry.endpoint.proxy_protocol == ProxyProtocol::Off;
            is_headless.then(|| openssl(entry))
        }
        _ => None,
    }
}

fn openssl(entry: &Entry) -> String {
    let starttls = match entry.endpoint.mode {
        Mode::StartTls => "-starttls smtp ",
        Mode::Implicit => "",
    };
    let name = entry.endpoint.server_name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" -servername {name}"));
    format!(
        "openssl s_client {starttls}-connect {}{name}",
        entry.endpoint.at()
    )
}
