//! The URL of a name server to where it is and how it is spoken to; asks nobody.

use std::fmt;

use super::search::is_local;
use crate::name::{Host, HostError};

/// One server to ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameServer {
    /// Those of this machine's own configuration, with its search list and hosts file.
    System,
    /// One of the operator's choice.
    At {
        /// Its address; a name is looked up by this machine's own resolver.
        host: Host,
        /// Its port.
        port: u16,
        /// How it is spoken to.
        transport: Transport,
    },
}

/// How a name server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP, and TCP for answers that do not fit (RFC 7766).
    Udp,
    /// TCP only.
    Tcp,
    /// TLS (RFC 7858); the certificate must be of this name.
    Tls(Host),
    /// HTTPS (RFC 8484); the certificate must be of this name.
    Https(Host, String),
}

/// Why a text names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameServerError {
    /// None of the known schemes.
    #[error("unknown scheme")]
    Scheme,
    /// The host is missing or malformed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Something that this scheme has no use for.
    #[error("{0} has no {1}")]
    Surplus(&'static str, &'static str),
}

impl NameServer {
    /// Whether nobody on the way to it can change what it says: encrypted, or within this machine. Of
    /// this machine's own configuration only its file can tell.
    pub fn is_safe(&self) -> bool {
        match self {
            Self::System => false,
            Self::At {
                host, transport, ..
            } => match (transport, host) {
                (Transport::Tls(_) | Transport::Https(..), _) => true,
                (Transport::Udp | Transport::Tcp, Host::Address(address)) => {
                    address.to_canonical().is_loopback()
                }
                (Transport::Udp | Transport::Tcp, Host::Name(name)) => is_local(name),
            },
        }
    }

    /// Reads `system`, `udp://192.0.2.1:53`, `tcp://[2001:db8::1]`, `tls://192.0.2.1#dns.example` or
    /// `https://dns.example/dns-query`. What stands behind `#` is the name in the server's certificate.
    ///
    /// # Errors
    /// [`NameServerError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, NameServerError> {
        if text == "system" {
            return Ok(Self::System);
        }
        let (scheme, rest) = text.split_once("://").ok_or(NameServerError::Scheme)?;
        let (rest, name) = split(rest, '#');
        let (authority, path) = split(rest, '/');
        let (host, port) = Host::parse_with_port(authority)?;
        let certified = match name {
            Some(name) => Host::parse(name)?,
            None => host.clone(),
        };
        let bare = |scheme| match (name, path) {
            (Some(_), _) => Err(NameServerError::Surplus(scheme, "certificate name")),
            (_, Some(_)) => Err(NameServerError::Surplus(scheme, "path")),
            _ => Ok(()),
        };
        let (transport, usual) = match scheme {
            "udp" => bare("udp").map(|()| (Transport::Udp, 53))?,
            "tcp" => bare("tcp").map(|()| (Transport::Tcp, 53))?,
            "tls" if path.is_some() => return Err(NameServerError::Surplus("tls", "path")),
            "tls" => (Transport::Tls(certified), 853),
            "https" => {
                let path = path.filter(|p| !p.is_empty()).unwrap_or("dns-query");
                (Transport::Https(certified, format!("/{path}")), 443)
            }
            _ => return Err(NameServerError::Scheme),
        };
        let port = port.unwrap_or(usual);
        Ok(Self::At {
            host,
            port,
            transport,
        })
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::At {
            host,
            port,
            transport,
        } = self
        else {
            return f.write_str("system");
        };
        let at = host.at(*port);
        match transport {
            Transport::Udp => write!(f, "udp://{at}"),
            Transport::Tcp => write!(f, "tcp://{at}"),
            Transport::Tls(name) => write!(f, "tls://{at}#{name}"),
            // The path may be an account: only the usual one is shown.
            Transport::Https(name, path) if path == "/dns-query" => {
                write!(f, "https://{at}{path}#{name}")
            }
            Transport::Https(name, _) => write!(f, "https://{at}/<secret>#{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_shown_in_full() {
        for (text, shown) in [
            ("system", "system"),
            ("udp://192.0.2.1", "udp://192.0.2.1:53"),
            ("udp://[2001:db8::1]:5353", "udp://[2001:db8::1]:5353"),
            ("tcp://192.0.2.1:54", "tcp://192.0.2.1:54"),
            ("tls://192.0.2.1", "tls://192.0.2.1:853#192.0.2.1"),
            (
                "tls://[2001:db8::1]#dns.bears.test",
                "tls://[2001:db8::1]:853#dns.bears.test",
            ),
            (
                "https://dns.bears.test",
                "https://dns.bears.test:443/dns-query#dns.bears.test",
            ),
            (
                "https://192.0.2.1:8443/account#dns.bears.test",
                "https://192.0.2.1:8443/<secret>#dns.bears.test",
            ),
        ] {
            let server = NameServer::parse(text).unwrap();
            assert_eq!(server.to_string(), shown);
            let is_whole = !shown.contains("<secret>");
            assert!(
                !is_whole || NameServer::parse(shown) == Ok(server),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_names_no_server_is_refused() {
        for bad in [
            "",
            "192.0.2.1",
            "quic://192.0.2.1",
            "udp://",
            "udp://192.0.2.1:0",
            "udp://192.0.2.1:70000",
            "udp://192.0.2.1/dns-query",
            "udp://192.0.2.1#dns.bears.test",
            "tls://192.0.2.1/dns-query",
            "https://user@192.0.2.1",
        ] {
            assert!(NameServer::parse(bad).is_err(), "{bad}");
        }
    }
}
