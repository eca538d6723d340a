//! The URL of a proxy, and the address to start from, to the way a connection takes; opens none.

use std::fmt;
use std::net::IpAddr;

use data_encoding::BASE64;

use crate::name::{Host, HostError};

/// How connections reach servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Through whom; `None`: directly.
    pub proxy: Option<Proxy>,
    /// From where, if not as the system chooses.
    pub source: Option<IpAddr>,
}

/// A proxy that opens connections for us. Neither its `Debug` nor its `Display` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub(super) protocol: Protocol,
    /// Where it is.
    pub(super) host: Host,
    /// On which port.
    pub(super) port: u16,
    /// What it may ask for.
    pub(super) credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// RFC 1928, with or without RFC 1929.
    Socks5,
    /// CONNECT over HTTP/1.1 (RFC 9110 §9.3.6).
    Http,
}

/// A user and password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// A colon would end the user in HTTP (RFC 7617 §2).
    fn new(user: String, password: String) -> Result<Self, ProxyError> {
        let fit = Proxy::may_have(&user) && Proxy::may_have(&password) && !user.contains(':');
        if fit {
            Ok(Self { user, password })
        } else {
            Err(ProxyError::Credentials)
        }
    }

    /// The value of `Proxy-Authorization` (RFC 7617).
    pub(super) fn basic(&self) -> String {
        let pair = format!("{}:{}", self.user, self.password);
        format!("Basic {}", BASE64.encode(pair.as_bytes()))
    }
}

/// Why a text names no proxy. Never repeats the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Neither `socks5` nor `http`.
    #[error("an unknown kind of proxy")]
    Scheme,
    /// No port, or none that is one.
    #[error("a proxy without a port")]
    Port,
    /// A host that is none.
    #[error("a proxy whose host is malformed")]
    Host(#[source] HostError),
    /// More than a host and a port.
    #[error("a proxy with a path")]
    Path,
    /// A percent sign without two hexadecimal digits, or a user without password, too long, or that breaks a header.
    #[error("a proxy whose user or password cannot be used")]
    Credentials,
}

impl Proxy {
    /// Reads `socks5://gate.example.com:1080` or `http://user:password@gate.example.com:3128`. Characters that
    /// mean something in a URL are written as `%40`.
    ///
    /// # Errors
    /// [`ProxyError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").ok_or(ProxyError::Scheme)?;
        let protocol = match scheme {
            "socks5" => Protocol::Socks5,
            "http" => Protocol::Http,
            _ => return Err(ProxyError::Scheme),
        };
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('/') {
            return Err(ProxyError::Path);
        }
        let (host, port) = authority.rsplit_once(':').ok_or(ProxyError::Port)?;
        let port = port.parse().ok().filter(|port| *port > 0);
        Ok(Self {
            protocol,
            host: Host::parse(host).map_err(ProxyError::Host)?,
            port: port.ok_or(ProxyError::Port)?,
            credentials: user.map(credentials).transpose()?,
        })
    }

    /// Whether its URL named a user.
    pub fn has_login(&self) -> bool {
        self.credentials.is_some()
    }

    /// The same proxy for this user, both texts as they are.
    ///
    /// # Errors
    /// [`ProxyError::Credentials`] for a user or password that cannot be sent.
    pub fn with_login(self, user: &str, password: &str) -> Result<Self, ProxyError> {
        let credentials = Credentials::new(user.to_owned(), password.to_owned())?;
        Ok(Self {
            credentials: Some(credentials),
            ..self
        })
    }

    /// Whether this can be a password: up to 255 bytes (RFC 1929 §2), none of which ends a line.
    pub fn may_have(password: &str) -> bool {
        (1..=255).contains(&password.len()) && !password.contains(char::is_control)
    }
}

fn credentials(text: &str) -> Result<Credentials, ProxyError> {
    let (user, password) = text.split_once(':').ok_or(ProxyError::Credentials)?;
    Credentials::new(decoded(user)?, decoded(password)?)
}

/// Undoes percent-encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<String, ProxyError> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).ok_or(ProxyError::Credentials)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| ProxyError::Credentials)?;
        bytes.push(byte);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| ProxyError::Credentials)
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Socks5 => "socks5",
            Protocol::Http => "http",
        };
        let user = self.credentials.as_ref().map_or("", |_| "<secret>@");
        write!(f, "{scheme}://{user}{}", self.host.at(self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_and_shown_without_secrets() {
        let proxy = Proxy::parse("socks5://bear:h%40ney%3a@gate.bears.test:1080").unwrap();
        let credentials = proxy.credentials.clone().unwrap();
        assert_eq!(credentials.user, "bear");
        assert_eq!(credentials.password, "h@ney:");
        assert_eq!(proxy.to_string(), "socks5://<secret>@gate.bears.test:1080");
        assert!(!format!("{proxy:?}").contains("ney"));
        let proxy = Proxy::parse("http://[2001:db8::1]:3128/").unwrap();
        assert_eq!(proxy.to_string(), "http://[2001:db8::1]:3128");
        let proxy = Proxy::parse("http://Aladdin:open sesame@gate:1").unwrap();
        assert_eq!(
            proxy.credentials.unwrap().basic(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "the example of RFC 7617 §2"
        );
    }

    #[test]
    fn what_names_no_proxy_is_refused_without_being_repeated() {
        for bad in [
            "gate.bears.test:1080",
            "socks4://gate:1080",
            "socks5://gate",
            "socks5://gate:0",
            "socks5://ga te:1080",
            "http://gate:3128/path",
            "http://bear@gate:3128",
            "http://bear:%zz@gate:3128",
            "http://bear:%0d%0aX: y@gate:3128",
            "http://:honey@gate:3128",
        ] {
            let error = Proxy::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("bear") && !error.contains("gate"), "{bad}");
        }
    }
}
