//! DER to the facts about one certificate, or to why it cannot be read; knows no trust, no sockets and no metrics.

mod association;
mod der;
mod dn;
mod extension;
mod facts;
mod fingerprint;
mod hex;
mod interner;
mod key;
mod key_file;
mod key_usage;
mod memory;
mod ocsp;
mod pem;
mod presented;
mod private_key;
mod read;
mod signature;
mod subject_name;
mod tls_certificate_name;
mod validity;

pub use association::{association, is_public_key};
pub use dn::{Dn, DnError};
pub use extension::{BasicConstraints, Eku};
pub use facts::Facts;
pub use fingerprint::{Fingerprint, FingerprintError, Fingerprints};
pub use interner::Interner;
pub use key::{Key, KeyKind, PublicKey};
pub use key_file::{AnnouncedKey, KeyFileError, announced_key};
pub use key_usage::KeyUsage;
pub use ocsp::{CertificateStatus, OcspAnswer, Staple};
pub use pem::{PemBlock, pem_blocks};
pub use presented::Certificate;
pub use private_key::PrivateKey;
pub use read::Unreadable;
pub use signature::{Hash, SignatureAlgorithm};
pub use subject_name::SubjectName;
pub use tls_certificate_name::{TlsCertificateName, TlsCertificateNameError};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Host;
    use crate::timestamp::Timestamp;

    macro_rules! fixture {
        ($name:literal) => {
            Certificate::from_der(include_bytes!(concat!(
                "../../tests/fixtures/certificates/",
                $name,
                ".der"
            )))
        };
    }

    fn facts(certificate: &Certificate) -> &Facts {
        certificate.facts().unwrap()
    }

    #[test]
    fn every_field_of_an_ordinary_certificate_is_read() {
        let certificate = fixture!("ordinary");
        let facts = facts(&certificate);
        assert_eq!(facts.version, 3);
        assert_eq!(facts.serial_number, "00FB01");
        assert_eq!(facts.not_before, Timestamp(1_795_483_455));
        assert_eq!(facts.not_before.to_string(), "2026-11-24T01:24:15Z");
        assert_eq!(facts.not_after.to_string(), "2036-11-21T01:24:15Z");
        assert_eq!(facts.lifetime_seconds(), 3650 * 86_400);
        assert_eq!(facts.common_names, ["mail.bear.example"]);
        assert_eq!(
            (&facts.key.kind, facts.key.bits),
            (&KeyKind::Rsa, Some(2048))
        );
        assert_eq!(facts.signature_algorithm.name, "sha256WithRSAEncryption");
        let usages = [
            Eku::ServerAuth,
            Eku::ClientAuth,
            Eku::Other("1.2.3.4".into()),
        ];
        assert_eq!(facts.extended_key_usage.as_deref(), Some(&usages[..]));
        assert!(facts.allows_server_auth() && facts.must_staple && facts.is_self_issued());
        assert_eq!(facts.basic_constraints, None);
        assert!(
            facts
                .subject_key_id
                .as_ref()
                .is_some_and(|id| id.starts_with(&[0x31, 0x04]))
        );
        assert_eq!(facts.subject_key_id, facts.authority_key_id);
        assert_eq!((facts.trailing_bytes, facts.defects.len()), (0, 0));
    }

    #[test]
    fn digests_are_those_of_openssl() {
        let certificate = fixture!("ordinary");
        assert_eq!(
            certificate.fingerprints().sha1_hex(),
            "3361AD04E56117F8594327E628AFD38436ED3519"
        );
        assert_eq!(
            certificate.fingerprints().sha256_hex(),
            "5EEF4BD79D17A985C3A0AD044856E5D6F3669DA75E047AA7C5A00EA10E910FCF"
        );
        assert_eq!(
            facts(&certificate).spki_sha256_hex(),
            "D05FCBA6A374318ED2501689381FF3E6784D3DAEFDFDAA729BDD33AC8FB0A122"
        );
    }

    #[test]
    fn all_alternative_names_are_listed() {
        let certificate = fixture!("ordinary");
        let names: Vec<_> = facts(&certificate)
            .names
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            names,
            [
                "mail.bear.example",
                "*.mx.bear.example",
                "192.0.2.1",
                "2001:db8::1",
                "email:a@bear.example",
                "URI:smtp://bear.example",
                "dirName:CN=other",
                "otherName:1.2.3;#A0030C0178",
                "RID:1.2.3.4",
            ]
        );
    }

    #[test]
    fn hosts_are_covered_by_alternative_names_only() {
        let ordinary = fixture!("ordinary");
        let covers = |host| facts(&ordinary).covers(&Host::parse(host).unwrap());
        for host in [
            "MAIL.bear.example.",
            "a.mx.bear.example",
            "192.0.2.1",
            "[2001:db8::1]",
        ] {
            assert!(covers(host), "{host}");
        }
        for host in [
            "bear.example",
            "mx.bear.example",
            "a.b.mx.bear.example",
            "192.0.2.2",
        ] {
            assert!(!covers(host), "{host}");
        }
        let common_name_only = fixture!("ed25519");
        assert!(!facts(&common_name_only).covers(&Host::parse("mail.bear.example").unwrap()));
    }

    /// The texts are what OpenSSL 3.0 prints with `-nameopt RFC2253,utf8,-esc_msb`, without, and with `compat`.
    #[test]
    fn names_are_written_and_read_as_openssl_does() {
        for (certificate, rfc2253, oneline, compat) in [
            (
                fixture!("ordinary"),
                r#"emailAddress=a@bear.example,CN=mail.bear.example,OU=\ Post\ ,O=Bear\, \"Honey\" & Söhne,L=Bearville,ST=Bavaria,C=DE"#,
                r#"C = DE, ST = Bavaria, L = Bearville, O = "Bear, \"Honey\" & S\C3\B6hne", OU = " Post ", CN = mail.bear.example, emailAddress = a@bear.example"#,
                r#"/C=DE/ST=Bavaria/L=Bearville/O=Bear, "Honey" & S\xC3\xB6hne/OU= Post /CN=mail.bear.example/emailAddress=a@bear.example"#,
            ),
            (
                fixture!("ev"),
                "CN=ev.bear.example,1.2.3.4=#0C04612C2062,organizationIdentifier=VATDE-1,postalCode=12345,street=Höhle 1,C=DE,serialNumber=HRB 1,businessCategory=Private Organization,jurisdictionST=Bavaria,jurisdictionC=DE",
                r#"jurisdictionC = DE, jurisdictionST = Bavaria, businessCategory = Private Organization, serialNumber = HRB 1, C = DE, street = H\C3\B6hle 1, postalCode = 12345, organizationIdentifier = VATDE-1, 1.2.3.4 = "a, b", CN = ev.bear.example"#,
                r"/jurisdictionC=DE/jurisdictionST=Bavaria/businessCategory=Private Organization/serialNumber=HRB 1/C=DE/street=H\xC3\xB6hle 1/postalCode=12345/organizationIdentifier=VATDE-1/1.2.3.4=a, b/CN=ev.bear.example",
            ),
            (
                fixture!("multi-valued"),
                "CN=b+CN=a,OU=Honey+O=Bear,C=US",
                "C = US, O = Bear + OU = Honey, CN = a + CN = b",
                "/C=US/O=Bear+OU=Honey/CN=a+CN=b",
            ),
            (
                fixture!("control-characters"),
                r"O=tab\09here,CN=mail\1B[31m\0Ared\7F",
                r"CN = mail\1B[31m\0Ared\7F, O = tab\09here",
                r"/CN=mail\x1B[31m\x0Ared\x7F/O=tab\x09here",
            ),
            (
                fixture!("punctuation"),
                r"CN=C\,N,OU=a\+b=c\;d\<e\>f\\g,O=\#hash",
                r##"O = "#hash", OU = "a+b=c;d<e>f\\g", CN = "C,N""##,
                r"/O=#hash/OU=a\+b=c;d<e>f\g/CN=C,N",
            ),
            (fixture!("t61"), "CN=Bär", r"CN = B\C3\A4r", r"/CN=B\xE4r"),
            (fixture!("bmp"), "CN=Bär", r"CN = B\C3\A4r", "/CN=Bär"),
            (fixture!("empty-subject"), "", "", ""),
        ] {
            let subject = &facts(&certificate).subject;
            assert_eq!(subject.to_rfc4514(), rfc2253);
            for text in [rfc2253, oneline, compat, &subject.to_exchange()] {
                assert!(subject.matches(&Dn::parse(text).unwrap()), "{text}");
            }
        }
    }

    #[test]
    fn exchange_calls_a_certificate_by_its_names() {
        let certificate = fixture!("ev");
        let name = TlsCertificateName::of(facts(&certificate));
        let subject = r#"CN=ev.bear.example, OID.1.2.3.4="a, b", OID.2.5.4.97=VATDE-1, PostalCode=12345, STREET=Höhle 1, C=DE, SERIALNUMBER=HRB 1, OID.2.5.4.15=Private Organization, OID.1.3.6.1.4.1.311.60.2.1.2=Bavaria, OID.1.3.6.1.4.1.311.60.2.1.3=DE"#;
        assert_eq!(name.to_string(), format!("<I>{subject}<S>{subject}"));
        let read = TlsCertificateName::parse(&name.to_string()).unwrap();
        assert!(read.matches(facts(&certificate)));
        assert!(!read.matches(facts(&fixture!("ordinary"))));
    }

    #[test]
    fn keys_and_signatures_are_told_apart() {
        for (certificate, kind, bits, signature, weak) in [
            (
                fixture!("rsa-1024"),
                "RSA",
                1024,
                "sha256WithRSAEncryption",
                false,
            ),
            (
                fixture!("rsa-2047"),
                "RSA",
                2047,
                "sha256WithRSAEncryption",
                false,
            ),
            (
                fixture!("rsa-pss"),
                "RSA-PSS",
                2048,
                "RSASSA-PSS-SHA384",
                false,
            ),
            (
                fixture!("rsa-pss-sha1"),
                "RSA",
                2048,
                "RSASSA-PSS-SHA1",
                true,
            ),
            (fixture!("sha1"), "RSA", 2048, "sha1WithRSAEncryption", true),
            (fixture!("md5"), "RSA", 2048, "md5WithRSAEncryption", true),
            (fixture!("ev"), "ECDSA", 256, "ecdsa-with-SHA256", false),
            (fixture!("p-384"), "ECDSA", 384, "ecdsa-with-SHA384", false),
            (fixture!("p-521"), "ECDSA", 521, "ecdsa-with-SHA512", false),
            (fixture!("ed25519"), "Ed25519", 256, "Ed25519", false),
            (fixture!("ed448"), "Ed448", 456, "Ed448", false),
            (fixture!("dsa"), "DSA", 1024, "dsa-with-sha256", false),
        ] {
            let facts = facts(&certificate);
            assert_eq!(facts.key.kind.to_string(), kind);
            assert_eq!(facts.key.bits, Some(bits), "{kind}");
            assert_eq!(facts.signature_algorithm.name, signature);
            assert_eq!(facts.signature_algorithm.is_weak(), weak, "{signature}");
        }
        assert_eq!(facts(&fixture!("p-521")).key.kind.curve(), Some("P-521"));
    }

    #[test]
    fn first_and_last_dates_and_version_one_are_read() {
        let dates = fixture!("dates");
        assert_eq!(facts(&dates).not_before.to_string(), "1950-01-01T00:00:00Z");
        assert_eq!(facts(&dates).not_after.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(facts(&fixture!("v1")).version, 1);
    }

    #[test]
    fn what_the_standard_forbids_is_read_all_the_same() {
        assert_eq!(facts(&fixture!("negative-serial")).serial_number, "FB");
        let five = fixture!("ip-of-five-bytes");
        assert_eq!(
            facts(&five).names,
            [
                SubjectName::Other("IP:#0102030405".into()),
                SubjectName::Dns("bear.test".into())
            ]
        );
        let broken = fixture!("broken-eku");
        assert_eq!(
            facts(&broken).defects,
            ["extension 2.5.29.37 cannot be read"]
        );
        assert!(!facts(&broken).allows_server_auth());
        assert!(facts(&broken).covers(&Host::parse("mail.bear.example").unwrap()));
        let critical = fixture!("critical-unknown");
        assert_eq!(facts(&critical).critical_unknown, ["1.2.3.4"]);
    }

    #[test]
    fn a_second_alternative_name_extension_counts_too() {
        let mut params = rcgen::CertificateParams::new(["a.bear.example".into()]).unwrap();
        let second = b"\x30\x10\x82\x0eb.bear.example".to_vec();
        let second = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 17], second);
        params.custom_extensions.push(second);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der());
        let facts = facts(&certificate);
        assert_eq!(facts.defects, ["extension 2.5.29.17 appears 2 times"]);
        for host in ["a.bear.example", "b.bear.example"] {
            assert!(facts.covers(&Host::parse(host).unwrap()), "{host}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "reads the fixtures of this test")]
    fn the_key_is_found_without_reading_the_rest() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/certificates");
        let mut found = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let der = std::fs::read(file.unwrap().path()).unwrap();
            let (unread, read) = (Certificate::unread(&der), Certificate::from_der(&der));
            let Ok(facts) = read.facts() else { continue };
            let key = unread.public_key().unwrap();
            assert_eq!((&key.key, key.spki), (&facts.key, facts.spki.as_slice()));
            assert_eq!(read.public_key().unwrap().spki, key.spki);
            assert!(!unread.is_read());
            found += 1;
        }
        assert!(found > 10, "{found}");
    }

    #[test]
    fn what_is_known_to_be_unreadable_has_no_key() {
        let mut der = fixture!("ordinary").der().to_vec();
        let date = der.windows(2).position(|two| two == b"\x17\x0d").unwrap();
        der[date] = 0x05;
        let certificate = Certificate::unread(&der);
        assert!(certificate.public_key().is_some());
        certificate.read();
        assert!(certificate.public_key().is_none());
    }

    #[test]
    fn bytes_behind_the_certificate_are_counted() {
        let mut der = fixture!("ed25519").der().to_vec();
        der.extend([0; 3]);
        let certificate = Certificate::from_der(&der);
        assert_eq!(facts(&certificate).trailing_bytes, 3);
        assert_ne!(
            certificate,
            fixture!("ed25519"),
            "other bytes, other fingerprint"
        );
    }

    #[test]
    fn long_names_and_many_names_are_read() {
        let hosts: Vec<_> = (0..400).map(|i| format!("h{i}.bear.example")).collect();
        let mut params = rcgen::CertificateParams::new(hosts).unwrap();
        let long = "ä".repeat(5_000);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, &long);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der());
        let facts = facts(&certificate);
        assert_eq!(facts.names.len(), 400);
        assert!(facts.covers(&Host::parse("h399.bear.example").unwrap()));
        assert!(facts.common_names.contains(&long));
        assert!(
            facts
                .subject
                .matches(&Dn::parse(&facts.subject.to_rfc4514()).unwrap())
        );
    }

    #[test]
    fn what_is_no_certificate_says_why() {
        let why = |der: &[u8]| Certificate::from_der(der).facts().unwrap_err().to_string();
        assert_eq!(why(b""), "no bytes (0 bytes)");
        assert_eq!(
            why(&vec![0x30; (1 << 18) + 1]),
            "longer than 262144 bytes (262145 bytes)"
        );
        for der in [
            &b"220 mail ESMTP\r\n"[..],
            b"\x30\x00",
            b"\x30\x80\0\0",
            &[0xff; 99],
        ] {
            assert!(!why(der).contains('\n'), "{}", why(der));
        }
        assert_eq!(
            Certificate::from_der(b"").fingerprints().sha1_hex().len(),
            40
        );
    }

    /// Asks everything that can be asked.
    fn interrogate(certificate: &Certificate) -> usize {
        let facts = match certificate.facts() {
            Ok(facts) => facts,
            Err(why) => {
                assert!(
                    !why.to_string().contains("panicked"),
                    "{:x?}",
                    certificate.der()
                );
                return why.length;
            }
        };
        for dn in [&facts.subject, &facts.issuer] {
            assert!(dn.matches(&Dn::parse(&dn.to_rfc4514()).unwrap()), "{dn:?}");
            assert!(dn.matches(&Dn::parse(&dn.to_exchange()).unwrap()), "{dn:?}");
        }
        let name = TlsCertificateName::of(facts).to_string();
        assert!(
            TlsCertificateName::parse(&name).unwrap().matches(facts),
            "{name}"
        );
        let host = Host::Name("mail.bear.example".into());
        usize::from(facts.covers(&host))
            + usize::from(facts.is_self_issued())
            + format!("{facts:?}").len()
    }

    #[test]
    fn no_damage_to_a_single_byte_panics() {
        for whole in [fixture!("ordinary"), fixture!("multi-valued")] {
            let mut der = whole.der().to_vec();
            for at in 0..der.len() {
                let byte = der[at];
                for damage in [byte ^ 1, byte ^ 2, byte ^ 0x20, byte ^ 0x80, 0, 0xff] {
                    der[at] = damage;
                    interrogate(&Certificate::from_der(&der));
                }
                der[at] = byte;
            }
        }
    }

    #[test]
    fn no_certificate_that_is_cut_off_is_read() {
        let whole = fixture!("ordinary");
        for length in 0..whole.der().len() {
            assert!(
                Certificate::from_der(&whole.der()[..length])
                    .facts()
                    .is_err()
            );
        }
    }
}
