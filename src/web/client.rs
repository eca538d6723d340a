//! Addresses to the clients that limits tell apart; knows no sockets.

use std::net::{IpAddr, Ipv6Addr};

/// Whoever connects, as far as limits tell one from another: an IPv4 address, or the /64 of an IPv6 one, because a
/// single machine may use all addresses of its link (RFC 4291 §2.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Client(IpAddr);

impl Client {
    pub(super) fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let link = u128::from(address) >> 64 << 64;
                Self(Ipv6Addr::from(link).into())
            }
            address => Self(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_link_are_one_client() {
        let same = |one: &str, other: &str| {
            Client::at(one.parse().unwrap()) == Client::at(other.parse().unwrap())
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1:2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
