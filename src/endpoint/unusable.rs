//! An address to whether any server can have it; knows nothing of what an operator allows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is no single host's: unspecified (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2), which filters answer
/// instead of the truth, multicast, or broadcast. An IPv4 address that is mapped or translated into IPv6 counts as itself.
pub fn is_unusable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_unusable_v4(v4),
        IpAddr::V6(v6) => {
            let inner = translated(v6);
            v6.is_unspecified() || v6.is_multicast() || inner.is_some_and(is_unusable_v4)
        }
    }
}

fn is_unusable_v4(address: Ipv4Addr) -> bool {
    address.octets()[0] == 0 || address.is_multicast() || address.is_broadcast()
}

/// What DNS64 makes of an A record (RFC 6052 §2.1).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let bits = u32::from(high) << 16 | u32::from(low);
            Some(Ipv4Addr::from(bits))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_unusable;

    #[test]
    fn nobody_has_an_address_that_is_none() {
        for none in [
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "64:ff9b::0.0.0.0",
            "224.0.0.1",
            "239.255.255.250",
            "::ffff:224.0.0.1",
            "64:ff9b::239.1.2.3",
            "ff02::1",
            "255.255.255.255",
            "::ffff:255.255.255.255",
        ] {
            assert!(is_unusable(none.parse().unwrap()), "{none}");
        }
        for one in [
            "127.0.0.1",
            "::1",
            "10.0.0.0",
            "192.0.2.255",
            "240.0.0.1",
            "::ffff:192.0.2.1",
            "64:ff9b::192.0.2.1",
            "fe80::1",
        ] {
            assert!(!is_unusable(one.parse().unwrap()), "{one}");
        }
    }
}
