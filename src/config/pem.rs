//! Bytes that are to be PEM to what they are instead, for a message that helps; parses nothing.

/// What a file should have inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificate,
    Key,
    /// Either, or a request for a certificate, or a public key.
    AnyKey,
}

/// What the bytes are, if that is clearly something else; to be put behind "the file".
pub(super) fn mistaken(bytes: &[u8], wanted: Wanted) -> Option<&'static str> {
    let is_der = bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(&[0x30, 0x81]);
    Some(match bytes {
        [] => "is empty, expected PEM",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            "is UTF-16, expected ASCII (PowerShell: Out-File -Encoding ascii)"
        }
        [0xfe, 0xed, 0xfe, 0xed, ..] => "is a Java key store, expected PEM",
        // The version of a PFX (RFC 7292 §4) is the first thing inside.
        [0x30, 0x82, _, _, 2, 1, 3, ..] => {
            "is PKCS#12, expected PEM (openssl pkcs12 -in FILE -nodes)"
        }
        _ if is_der && wanted == Wanted::Key => {
            "is DER, expected PEM (openssl pkey -inform der -in FILE)"
        }
        _ if is_der && wanted == Wanted::AnyKey => "is DER, expected PEM",
        _ if is_der => "is DER, expected PEM (openssl x509 -inform der -in FILE)",
        _ => return mistaken_text(&String::from_utf8_lossy(bytes), wanted),
    })
}

fn mistaken_text(text: &str, wanted: Wanted) -> Option<&'static str> {
    let has = |label: &str| text.contains(&format!("-----BEGIN {label}"));
    let has_key = text.contains(" PRIVATE KEY-----");
    let is_encrypted = has("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED");
    let has_certificate = has("CERTIFICATE-----") || has("X509 CERTIFICATE") || has("TRUSTED CERT");
    let has_dashes = text.contains(['\u{2013}', '\u{2014}', '\u{2212}']) && text.contains("BEGIN");
    Some(match wanted {
        _ if has_dashes => "has typographic dashes around BEGIN, expected -----BEGIN",
        Wanted::Key | Wanted::AnyKey if is_encrypted => {
            "has a key that is encrypted, expected one without a passphrase (openssl pkey -in FILE)"
        }
        Wanted::Key | Wanted::AnyKey if has("OPENSSH PRIVATE KEY") => {
            "has a key of OpenSSH, expected one in PKCS#8"
        }
        Wanted::Key if !has_key && has_certificate => {
            "has a certificate and no private key (swapped?), expected PRIVATE KEY"
        }
        Wanted::Key if !has_key && has("PUBLIC KEY") => "has a public key, expected PRIVATE KEY",
        Wanted::Certificate if has_certificate => return None,
        Wanted::Certificate if has_key => {
            "has a private key and no certificate (swapped?), expected CERTIFICATE"
        }
        Wanted::Certificate if has("CERTIFICATE REQUEST") || has("NEW CERTIFICATE REQUEST") => {
            "has a request for a certificate (CSR), expected CERTIFICATE"
        }
        Wanted::Certificate if has("PKCS7") => {
            "is PKCS#7, expected CERTIFICATE (openssl pkcs7 -print_certs -in FILE)"
        }
        Wanted::Key | Wanted::Certificate | Wanted::AnyKey => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_for_pem_is_named() {
        use Wanted::{Certificate, Key};
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n");
        for (bytes, wanted, said) in [
            (String::new(), Key, "is empty"),
            (pem("ENCRYPTED PRIVATE KEY"), Key, "encrypted"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n".into(),
                Key,
                "encrypted",
            ),
            (pem("CERTIFICATE"), Key, "swapped"),
            (pem("EC PRIVATE KEY"), Certificate, "swapped"),
            (pem("CERTIFICATE REQUEST"), Certificate, "CSR"),
            (pem("PKCS7"), Certificate, "PKCS#7"),
            (pem("OPENSSH PRIVATE KEY"), Key, "OpenSSH"),
            (
                "\u{2014}--BEGIN CERTIFICATE-----\n".into(),
                Certificate,
                "dashes",
            ),
        ] {
            let told = mistaken(bytes.as_bytes(), wanted).unwrap_or_default();
            assert!(told.contains(said), "{bytes}: {told}");
        }
        for (bytes, said) in [
            (&[0xff, 0xfe, b'-', 0][..], "UTF-16"),
            (&[0x30, 0x82, 9, 9, 2, 1, 3, 0x30], "PKCS#12"),
            (&[0x30, 0x82, 9, 9, 0x30], "DER"),
        ] {
            for wanted in [Certificate, Key] {
                assert!(mistaken(bytes, wanted).is_some_and(|told| told.contains(said)));
            }
        }
        for (label, wanted) in [
            ("CERTIFICATE", Certificate),
            ("PRIVATE KEY", Key),
            ("RSA PRIVATE KEY", Key),
        ] {
            assert_eq!(mistaken(pem(label).as_bytes(), wanted), None);
        }
    }
}
