//! Check `key_usage`: the leaf's key may be used as the handshake uses it.
//!
//! Apart from `eku_server`, because clients differ: OpenSSL takes a key that may do anything for TLS, GnuTLS and
//! BoringSSL end the handshake when it may not do just this.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Facts, KeyKind, KeyUsage};
use crate::facts::observation::{Connection, TlsVersion};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "key_usage",
    help: "The leaf's key usage, where it has one, allows what the handshake does with the key.",
    citation: "RFC 5280 §4.2.1.3; RFC 8446 §4.4.2.2 and RFC 5246 §7.4.2 (key usage by key exchange)",
    kind: Kind::Strength,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    let Some(allowed) = facts.key_usage else {
        return Finding::Pass;
    };
    let needs = needed(evidence.observation.connection.as_ref(), facts);
    if needs.iter().any(|need| allowed.allows(need.0)) {
        return Finding::Pass;
    }
    let asked: Vec<_> = needs.iter().map(|(usage, why)| format!("{usage} for {why}")).collect();
    Finding::fail(
        Reason::KeyUsageMissing,
        format!("allows {allowed}, but not {}", asked.join(", nor ")),
    )
}

/// What the key is, or would be, needed for; each is enough. RFC 8446 §4.4.2.2: TLS 1.3 always signs.
fn needed(connection: Option<&Connection>, leaf: &Facts) -> &'static [(KeyUsage, &'static str)] {
    const SIGNED: (KeyUsage, &str) = (
        KeyUsage::DIGITAL_SIGNATURE,
        "a handshake that it signs (RFC 8446 §4.4.2.2, RFC 5246 §7.4.2)",
    );
    const ENCIPHERED: (KeyUsage, &str) = (
        KeyUsage::KEY_ENCIPHERMENT,
        "an RSA key exchange (RFC 5246 §7.4.2)",
    );
    const AGREED: (KeyUsage, &str) = (
        KeyUsage::KEY_AGREEMENT,
        "a static key exchange (RFC 5246 §7.4.2, RFC 8422 §2)",
    );
    match connection {
        Some(seen) if seen.version == TlsVersion::Tls13 => &[SIGNED],
        Some(seen) => match exchange(&seen.cipher_suite) {
            Exchange::Signed => &[SIGNED],
            Exchange::Enciphered => &[ENCIPHERED],
            Exchange::Agreed => &[AGREED],
        },
        None if leaf.key.kind == KeyKind::Rsa => &[SIGNED, ENCIPHERED],
        None => &[SIGNED],
    }
}

enum Exchange {
    Signed,
    Enciphered,
    Agreed,
}

/// From the IANA name of a suite before TLS 1.3: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
fn exchange(suite: &str) -> Exchange {
    let name = suite.trim_start_matches("TLS_");
    if name.starts_with("RSA_") {
        Exchange::Enciphered
    } else if name.starts_with("ECDH_") || name.starts_with("DH_") {
        Exchange::Agreed
    } else {
        Exchange::Signed
    }
}

#[cfg(test)]
mod tests {
    use rcgen::KeyUsagePurpose as Usage;

    use super::super::case::Case;
    use super::*;

    fn with(usages: &[Usage], version: TlsVersion, suite: &str) -> Case {
        let mut case = Case::with_leaf(|leaf| leaf.key_usages = usages.to_vec());
        if let Some(connection) = &mut case.observation.connection {
            connection.version = version;
            connection.cipher_suite = suite.to_owned();
        }
        case
    }

    #[test]
    fn a_handshake_that_signs_needs_a_key_that_may() {
        use TlsVersion::{Tls12, Tls13};
        let enciphers = [Usage::KeyEncipherment, Usage::DataEncipherment];
        for (version, suite) in [
            (Tls13, "TLS13_AES_256_GCM_SHA384"),
            (Tls12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            (Tls12, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
        ] {
            let case = with(&enciphers, version, suite);
            let Finding::Fail(failure) = judge(&case.evidence()) else {
                panic!("{suite}");
            };
            assert_eq!(failure.reason, Reason::KeyUsageMissing);
            let said = failure.evidence;
            let begin = "allows keyEncipherment and dataEncipherment, but not digitalSignature";
            assert!(said.starts_with(begin) && said.contains("RFC 8446 §4.4.2.2"), "{said}");
            let signs = with(&[Usage::DigitalSignature], version, suite);
            assert_eq!(judge(&signs.evidence()), Finding::Pass);
        }
    }

    #[test]
    fn other_key_exchanges_need_other_uses() {
        for (suite, usage) in [
            ("TLS_RSA_WITH_AES_128_CBC_SHA", Usage::KeyEncipherment),
            ("TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", Usage::KeyAgreement),
            ("TLS_DH_RSA_WITH_AES_128_CBC_SHA", Usage::KeyAgreement),
        ] {
            let case = with(&[usage], TlsVersion::Tls10, suite);
            assert_eq!(judge(&case.evidence()), Finding::Pass, "{suite}");
            let case = with(&[Usage::DigitalSignature], TlsVersion::Tls10, suite);
            assert_eq!(case.reason(judge), Some(Reason::KeyUsageMissing), "{suite}");
        }
    }

    #[test]
    fn a_certificate_without_the_extension_may_do_anything() {
        assert_eq!(judge(&Case::new().evidence()), Finding::Pass);
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }

    #[test]
    fn where_no_handshake_was_seen_an_ecdsa_key_has_to_sign() {
        let mut case = with(&[Usage::KeyAgreement], TlsVersion::Tls12, "");
        case.observation.connection = None;
        assert_eq!(case.reason(judge), Some(Reason::KeyUsageMissing));
    }
}
