//! What a stranger may have probed on request: modules, ports, and the addresses that may be dialled; opens nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;

use super::settings::Watched;
use crate::endpoint::{Offer, Place, ProxyProtocol, Source};
use crate::name::Host;
use crate::probe::ClientCertificate;
use crate::smtp::Mode;
use crate::verdict::Expectations;

/// Addresses that may be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Only these.
    pub allow: Vec<IpNet>,
    /// But none of these.
    pub deny: Vec<IpNet>,
    /// Nor what is near, or no single host.
    pub deny_default: bool,
}

/// What leads to this machine, to its neighbours on the link, or to the metadata service of a cloud, and what is no
/// single host: nobody's mail server is there, and much that trusts whoever asks from near.
const DENIED: [&str; 33] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.100.100.200/32",
    "168.63.129.16/32",
    // Protocol assignments (RFC 6890), a metadata service among them.
    "192.0.0.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "fe80::/10",
    // What else may hold an IPv4 address inside: NAT64 of one's own (RFC 8215), IPv4-translated, Teredo.
    "64:ff9b:1::/48",
    "::ffff:0:0:0/96",
    "2001::/32",
    "fd00:ec2::/32",
    "fd20:ce::/32",
    "fd00:42::42/128",
    "ff00::/8",
    // Neither global unicast nor unique local: reserved by the IETF (RFC 4291 §2.4), site-local among it.
    "100::/8",
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "4000::/3",
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fe00::/9",
    "fec0::/10",
];

static CLOSED: LazyLock<Vec<IpNet>> = LazyLock::new(|| networks(&DENIED));

impl Default for Gate {
    fn default() -> Self {
        Self {
            allow: networks(&["0.0.0.0/0", "::/0"]),
            deny: Vec::new(),
            deny_default: true,
        }
    }
}

fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().filter_map(|t| t.parse().ok()).collect()
}

impl Gate {
    /// The same for an address that may be a name: where a proxy finds the address nobody here can judge it.
    pub(super) fn permits_host(&self, address: &Host) -> bool {
        match address {
            Host::Address(address) => self.permits(*address),
            Host::Name(_) => false,
        }
    }

    /// Whether a connection to this address may be opened. An IPv4 address inside an IPv6 one counts as itself.
    pub fn permits(&self, address: IpAddr) -> bool {
        let is_in = |networks: &[IpNet], one: &IpAddr| networks.iter().any(|net| net.contains(one));
        let (address, inner) = meanings(address);
        let is_denied =
            |one: &IpAddr| is_in(&self.deny, one) || self.deny_default && is_in(&CLOSED, one);
        !is_denied(&address)
            && !inner.into_iter().map(IpAddr::V4).any(|one| is_denied(&one))
            && is_in(&self.allow, &address)
    }
}

/// What an address comes to: itself, IPv4-mapped ones (RFC 4291 §2.5.5.2) as IPv4; and the IPv4 addresses that a
/// translator or a tunnel might dial for it.
fn meanings(address: IpAddr) -> (IpAddr, Vec<Ipv4Addr>) {
    let address = address.to_canonical();
    match address {
        IpAddr::V4(_) => (address, Vec::new()),
        IpAddr::V6(v6) => (address, embedded(v6)),
    }
}

fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    let octets = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    match address.segments() {
        // The unspecified and the loopback address look like IPv4-compatible ones (RFC 4291 §2.5.5.1).
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => vec![v4(high, low)],
        // IPv4-translated (RFC 2765 §2.1), and NAT64 (RFC 6052 §2.1).
        [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            vec![v4(high, low)]
        }
        // NAT64 of one's own (RFC 8215), whatever the length of its prefix (RFC 6052 §2.2).
        [0x64, 0xff9b, 1, ..] => vec![
            at([6, 7, 9, 10]),
            at([7, 9, 10, 11]),
            at([9, 10, 11, 12]),
            at([12, 13, 14, 15]),
        ],
        // 6to4 (RFC 3056 §2).
        [0x2002, high, low, ..] => vec![v4(high, low)],
        // Teredo: the server, and the client's own in disguise (RFC 4380 §4).
        [0x2001, 0, high, low, _, _, masked, mask] => vec![v4(high, low), v4(!masked, !mask)],
        // ISATAP (RFC 5214 §6.1).
        [.., 0 | 0x200, 0x5efe, high, low] => vec![v4(high, low)],
        _ => Vec::new(),
    }
}

/// How to probe a target that somebody names.
#[derive(Debug, Clone)]
pub struct Module {
    /// How TLS begins; `None`: implicit on 465, else STARTTLS.
    pub mode: Option<Mode>,
    /// Which signature algorithms to offer, one probe each.
    pub offers: Vec<Offer>,
    /// The names of the views to probe in.
    pub views: Vec<Arc<str>>,
    /// What to present to servers that ask for a certificate of ours.
    pub client_certificate: Option<ClientCertificate>,
    /// What is sent before anything else.
    pub proxy_protocol: ProxyProtocol,
    /// The port where the target names none.
    pub port: u16,
    /// The name sent and expected where the request has none; without it, the target's host.
    pub server_name: Option<Host>,
    /// Labels added to every series.
    pub labels: BTreeMap<String, String>,
    /// What to expect.
    pub expectations: Arc<Expectations>,
}

impl Module {
    /// A target under this module; `name` is its text as it was asked for. The hosts of a mail domain are known by
    /// their own names.
    pub fn watch(
        &self,
        name: String,
        place: Place,
        port: Option<u16>,
        hostname: Option<Host>,
    ) -> Watched {
        let host = match &place {
            Place::Host(host) => Some(host.clone()),
            Place::Mx(_) | Place::Addresses(_) => None,
        };
        let server_name = hostname.or_else(|| self.server_name.clone());
        Watched {
            source: Arc::new(Source {
                name,
                server_name: server_name.or_else(|| host.clone()),
                host,
                place,
                ports: vec![port.unwrap_or(self.port)],
                offers: self.offers.clone(),
                mode: self.mode,
                proxy_protocol: self.proxy_protocol,
                views: self.views.clone(),
                labels: self.labels.clone(),
            }),
            expectations: Arc::clone(&self.expectations),
            client_certificate: self.client_certificate.clone(),
        }
    }
}

/// Everything that may be asked for.
#[derive(Debug, Clone)]
pub struct OnRequest {
    /// Whether anything may be asked for at all.
    pub enabled: bool,
    /// Ports that may be dialled.
    pub ports: Vec<u16>,
    /// Addresses that may be dialled.
    pub gate: Gate,
    /// The modules by name; `smtp` and `smtps` are always there.
    pub modules: BTreeMap<String, Module>,
}

/// Why nothing was probed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Every address of the target is closed by `probe_endpoint`.
    #[error("{target}: {address} may not be probed (probe_endpoint.allow, deny, deny_default)")]
    Address {
        /// As it was asked for.
        target: String,
        /// The first one; a name where a proxy would find the address.
        address: Host,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_near_is_dialled_by_default_however_it_is_written() {
        let gate = Gate::default();
        for near in [
            "127.0.0.1",
            "127.255.0.3",
            "0.0.0.0",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:7f00:1::",
            "169.254.169.254",
            "100.100.100.200",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "255.255.255.255",
            "168.63.129.16",
            "64:ff9b:1::7f00:1",
            "::ffff:0:127.0.0.1",
            "2001:0:7f00:1::",
            "2001:0:c000:201:0:0:80ff:fffe",
            "2001:db8::5efe:127.0.0.1",
            "fec0::1",
            "192.0.0.192",
        ] {
            assert!(!gate.permits(near.parse().unwrap()), "{near}");
        }
        for mail_server in ["192.0.2.1", "10.0.0.11", "2001:db8::1", "64:ff9b::c000:201"] {
            assert!(gate.permits(mail_server.parse().unwrap()), "{mail_server}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_denied() {
        let gate = Gate {
            allow: vec!["192.0.2.0/24".parse().unwrap()],
            deny: vec!["192.0.2.9/32".parse().unwrap()],
            ..Gate::default()
        };
        let permits = |text: &str| gate.permits(text.parse().unwrap());
        assert!(permits("192.0.2.1") && permits("::ffff:192.0.2.1"));
        assert!(!permits("192.0.2.9") && !permits("198.51.100.1") && !permits("2001:db8::1"));
        assert!(!permits("::ffff:192.0.2.9"));
    }

    #[test]
    fn what_is_denied_adds_to_what_is_closed_and_counts_in_every_form() {
        let deny = vec!["10.0.0.0/8".parse().unwrap()];
        let gate = |deny_default| Gate {
            deny: deny.clone(),
            deny_default,
            ..Gate::default()
        };
        for form in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "::10.1.2.3",
            "::ffff:0:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "64:ff9b:1::10.1.2.3",
            "64:ff9b:1:a01:2:300::",
            "2002:a01:203::1",
            "2001:0:a01:203::",
            "2001:0:c000:201:0:0:f5fe:fdfc",
            "2001:db8::5efe:10.1.2.3",
        ] {
            for deny_default in [true, false] {
                let is_open = gate(deny_default).permits(form.parse().unwrap());
                assert!(!is_open, "{form} {deny_default}");
            }
        }
        assert!(!gate(true).permits([127, 0, 0, 1].into()));
        assert!(gate(false).permits([127, 0, 0, 1].into()));
    }

    #[test]
    fn all_that_is_closed_by_default_is_a_network() {
        assert_eq!(networks(&DENIED).len(), DENIED.len());
    }
}
