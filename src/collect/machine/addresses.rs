//! What the kernel says about this machine's networks to its own addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::file;

/// This machine's addresses, without loopback and link-local ones.
pub(super) fn own() -> Vec<IpAddr> {
    let v4 = file::text("/proc/net/fib_trie");
    let v6 = file::text("/proc/net/if_inet6");
    let mut found: Vec<_> = ipv4(&v4).chain(ipv6(&v6)).filter(is_of_use).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether others may reach a server there.
pub(super) fn is_of_use(address: &IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !is_link_local && !address.is_loopback() && !address.is_unspecified()
}

/// In the routing table an address of this machine is a leaf (`|-- 192.0.2.1`), followed by `/32 host LOCAL`.
fn ipv4(table: &str) -> impl Iterator<Item = IpAddr> {
    let lines: Vec<_> = table.lines().map(str::trim).collect();
    let own = |pair: &[&str]| {
        let [leaf, what] = pair else { return None };
        let address: Ipv4Addr = leaf.strip_prefix("|-- ")?.parse().ok()?;
        (*what == "/32 host LOCAL").then_some(IpAddr::V4(address))
    };
    let found: Vec<_> = lines.windows(2).filter_map(own).collect();
    found.into_iter()
}

/// A line begins with the address in 32 digits.
fn ipv6(table: &str) -> impl Iterator<Item = IpAddr> {
    table.lines().filter_map(|line| {
        let digits = line.split_whitespace().next()?;
        let number = (digits.len() == 32).then(|| u128::from_str_radix(digits, 16))?;
        Some(IpAddr::V6(Ipv6Addr::from(number.ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.1 prints them.
    const TRIE: &str = "\
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 192.0.2.0/24 2 0 2
        +-- 192.0.2.0/30 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
     |-- 169.254.3.4
        /32 host LOCAL
";
    const INET6: &str = "\
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000002 04 40 00 82     eth0
";

    #[test]
    fn only_addresses_that_others_reach_are_listed() {
        let found: Vec<_> = ipv4(TRIE).chain(ipv6(INET6)).filter(is_of_use).collect();
        let expected: [IpAddr; 2] = ["192.0.2.2".parse().unwrap(), "2001:db8::2".parse().unwrap()];
        assert_eq!(found, expected);
        assert_eq!(ipv4("rubbish").chain(ipv6("zz\n\n")).count(), 0);
    }
}
