//! Cipher suites up to TLS 1.2 by number and name, and which of them a hello offers; judges no security.

use crate::endpoint::Offer;

/// Every suite that is offered, best first: who has a good one does not fall back on a bad one. Names by IANA.
const SUITES: &[(u16, &str)] = &[
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
];

/// What a hello offers. The suite says which kind of certificate the server has to take.
pub(super) fn offered(offer: Offer) -> impl Iterator<Item = u16> {
    let fits = move |name: &str| match offer {
        Offer::Any => true,
        Offer::Rsa => name.contains("_RSA_"),
        Offer::Ecdsa => name.contains("_ECDSA_"),
    };
    let fitting = SUITES.iter().filter(move |(_, name)| fits(name));
    fitting.map(|(code, _)| *code)
}

/// IANA's name, or the number of one that was not offered.
pub(super) fn name(code: u16) -> String {
    known(code).map_or_else(|| format!("0x{code:04X}"), ToOwned::to_owned)
}

/// `RSA`, `DHE` or `ECDHE`; empty when the suite was not offered.
pub(super) fn key_exchange(code: u16) -> &'static str {
    known(code).map_or("", |name| name.split('_').nth(1).unwrap_or_default())
}

/// Whether the first fallback offers it too.
pub(super) fn is_modern(code: u16) -> bool {
    known(code).is_some_and(|name| {
        name.starts_with("TLS_ECDHE_") && (name.contains("_GCM_") || name.contains("_POLY1305_"))
    })
}

fn known(code: u16) -> Option<&'static str> {
    let mut suites = SUITES.iter();
    suites.find(|(c, _)| *c == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_and_no_name_stands_twice() {
        for (i, (code, name)) in SUITES.iter().enumerate() {
            let later = &SUITES[i + 1..];
            assert!(later.iter().all(|(c, n)| c != code && n != name), "{name}");
        }
    }

    #[test]
    fn names_tell_what_they_need_to() {
        assert_eq!(name(0x002f), "TLS_RSA_WITH_AES_128_CBC_SHA");
        assert_eq!(name(0x1301), "0x1301");
        assert_eq!(key_exchange(0x0033), "DHE");
        assert_eq!(key_exchange(0xc02f), "ECDHE");
        assert_eq!(key_exchange(0x1301), "");
        assert!(is_modern(0xcca8) && !is_modern(0xc013) && !is_modern(0x009c));
    }

    #[test]
    fn a_restricted_offer_has_suites_of_one_kind() {
        for (offer, kind) in [(Offer::Rsa, "_RSA_"), (Offer::Ecdsa, "_ECDSA_")] {
            let names: Vec<_> = offered(offer).map(name).collect();
            assert!(names.len() >= 9 && names.iter().all(|n| n.contains(kind)));
        }
        assert_eq!(offered(Offer::Any).count(), SUITES.len());
    }
}
