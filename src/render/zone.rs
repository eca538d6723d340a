//! The lines of zone files to text that can be pasted: every word that is no record stands behind a semicolon.

use std::fmt::Write;

use crate::plain::plain;
use crate::report::{HostZone, Mark, ZoneLine};

/// Seconds of a TTL where nobody says otherwise.
const DEFAULT_TTL: u64 = 3600;
/// Most characters of a remark.
const WIDTH: usize = 300;

/// Zone-file lines (RFC 1035 §5.1); `ttl` in seconds for all of them, else as published.
pub fn zone(zones: &[HostZone], ttl: Option<u32>) -> String {
    let mut text = String::new();
    for zone in zones {
        let _ = writeln!(text, "; {}. {}", zone.owner, remark(&zone.told));
        for why in &zone.unseen {
            let _ = writeln!(text, "; not seen: {}", remark(why));
        }
        let ttl = seconds(zone, ttl);
        for line in &zone.lines {
            text += &record(&zone.owner, line, ttl);
        }
        text += &advice(zone, ttl);
    }
    if zones.is_empty() {
        text += "; no host was found\n";
    }
    text
}

/// The TTL of a host's lines.
pub(super) fn seconds(zone: &HostZone, wanted: Option<u32>) -> u64 {
    let published = zone.ttl.map(|ttl| ttl.as_secs());
    wanted.map(u64::from).or(published).unwrap_or(DEFAULT_TTL)
}

/// One line; of what is needless a comment.
pub(super) fn record(owner: &str, line: &ZoneLine, ttl: u64) -> String {
    let ZoneLine { mark, record, why } = line;
    let hidden = match mark {
        Mark::Needless => "; ",
        Mark::Right | Mark::Missing | Mark::Untold => "",
    };
    format!(
        "{hidden}{owner}. {ttl} IN TLSA {record} ; {mark} {}\n",
        remark(why)
    )
}

/// When what may be done.
pub(super) fn advice(zone: &HostZone, ttl: u64) -> String {
    let has = |mark| zone.lines.iter().any(|line| line.mark == mark);
    let published = zone.ttl.map_or(ttl, |ttl| ttl.as_secs());
    let wait = 2 * published.max(ttl);
    let mut text = String::new();
    if zone.lacks_served {
        text += "; publish + at once: a key that is served has no record\n";
    }
    if has(Mark::Missing) {
        let _ = writeln!(
            text,
            "; after publishing +, wait {wait} s (2 x TTL) before a next key is used"
        );
    }
    if has(Mark::Needless) {
        let _ = writeln!(
            text,
            "; remove - no sooner than {wait} s (2 x TTL) after its key was last served"
        );
    }
    text
}

fn remark(text: &str) -> String {
    plain(text, WIDTH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::published::TlsaRecord;

    fn line(mark: Mark, byte: u8, why: &str) -> ZoneLine {
        let record = TlsaRecord {
            usage: 3,
            selector: 1,
            matching_type: 1,
            data: [byte; 32].into(),
        };
        let why = why.to_owned();
        ZoneLine { mark, record, why }
    }

    fn host(lines: Vec<ZoneLine>) -> HostZone {
        HostZone {
            owner: "_25._tcp.mx.bears.test".to_owned(),
            told: "2 TLSA records, signed, TTL 600 s".to_owned(),
            is_told: true,
            ttl: Some(Duration::from_secs(600)),
            lines,
            unseen: vec!["192.0.2.2:25: connect_timeout: after 4 s\nMX".to_owned()],
            lacks_served: false,
            lacks_next: true,
        }
    }

    #[test]
    fn what_is_pasted_is_what_should_stand_there() {
        let text = zone(
            &[host(vec![
                line(Mark::Right, 1, "served at 192.0.2.1:25"),
                line(Mark::Missing, 2, "next next.csr"),
                line(Mark::Needless, 3, "neither served nor next"),
            ])],
            None,
        );
        let [one, two, three] = ["01", "02", "03"].map(|byte| byte.repeat(32));
        let owner = "_25._tcp.mx.bears.test. 600 IN TLSA 3 1 1";
        assert_eq!(
            text,
            format!(
                "; _25._tcp.mx.bears.test. 2 TLSA records, signed, TTL 600 s\n\
                 ; not seen: 192.0.2.2:25: connect_timeout: after 4 s\\nMX\n\
                 {owner} {one} ; = served at 192.0.2.1:25\n\
                 {owner} {two} ; + next next.csr\n\
                 ; {owner} {three} ; - neither served nor next\n\
                 ; after publishing +, wait 1200 s (2 x TTL) before a next key is used\n\
                 ; remove - no sooner than 1200 s (2 x TTL) after its key was last served\n"
            )
        );
        let other = zone(&[host(vec![line(Mark::Right, 1, "")])], Some(60));
        assert!(
            other.contains("_25._tcp.mx.bears.test. 60 IN TLSA"),
            "{other}"
        );
        assert_eq!(zone(&[], None), "; no host was found\n");
    }

    #[test]
    fn the_exit_status_is_the_worst_that_is_known() {
        let good = HostZone {
            unseen: Vec::new(),
            lacks_next: false,
            ..host(Vec::new())
        };
        let next = HostZone {
            lacks_next: true,
            ..good.clone()
        };
        let untold = HostZone {
            is_told: false,
            ..good.clone()
        };
        let served = HostZone {
            lacks_served: true,
            ..good.clone()
        };
        let status = |zones: &[&HostZone]| {
            let zones: Vec<_> = zones.iter().map(|zone| (*zone).clone()).collect();
            HostZone::exit_code(&zones)
        };
        assert_eq!(status(&[]), 3);
        assert_eq!(status(&[&good]), 0);
        assert_eq!(status(&[&good, &next]), 1);
        assert_eq!(status(&[&next, &untold]), 3);
        assert_eq!(status(&[&next, &host(Vec::new())]), 3);
        assert_eq!(status(&[&untold, &served, &next]), 2);
    }
}
