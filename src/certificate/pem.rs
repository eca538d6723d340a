//! A PEM file (RFC 7468) to its certificates, requests and keys, in their order, and a certificate to PEM; what is broken
//! or something else is left out.

use data_encoding::BASE64;

use super::presented::Certificate;
use super::private_key::PrivateKey;

/// What stands in a PEM file.
#[derive(Debug)]
pub enum PemBlock {
    /// A certificate, not read yet.
    Certificate(Certificate),
    /// A private key.
    Key(PrivateKey),
    /// A private key that a password protects.
    LockedKey,
    /// A request for a certificate (RFC 2986), DER.
    Request(Vec<u8>),
    /// A SubjectPublicKeyInfo, DER.
    PublicKey(Vec<u8>),
}

/// Most blocks of one file. A chain has five certificates, a file with an RSA and an ECDSA chain twice as many.
const MOST_BLOCKS: usize = 100;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// All blocks of a file.
pub fn pem_blocks(file: &[u8]) -> Vec<PemBlock> {
    let text = String::from_utf8_lossy(file);
    let mut lines = text.lines().map(str::trim);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let label = line
            .strip_prefix(BEGIN)
            .and_then(|l| l.strip_suffix("-----"));
        let Some(label) = label else { continue };
        let mut is_closed = false;
        let until_end = |line: &&str| {
            is_closed = line.starts_with(END);
            !is_closed
        };
        let inside: Vec<_> = lines.by_ref().take_while(until_end).collect();
        // Mail servers refuse a file that ends within a block.
        if is_closed {
            blocks.extend(block(label, &inside));
        }
        if blocks.len() == MOST_BLOCKS {
            break;
        }
    }
    blocks
}

fn block(label: &str, inside: &[&str]) -> Option<PemBlock> {
    let is_locked = inside.iter().any(|line| line.starts_with("Proc-Type:"));
    let der = || BASE64.decode(inside.concat().as_bytes()).ok();
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => {
            Some(PemBlock::Certificate(Certificate::unread(&der()?)))
        }
        "ENCRYPTED PRIVATE KEY" => Some(PemBlock::LockedKey),
        _ if label.ends_with("PRIVATE KEY") && is_locked => Some(PemBlock::LockedKey),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            Some(PemBlock::Key(PrivateKey::from_der(der()?)))
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(PemBlock::Request(der()?)),
        "PUBLIC KEY" => Some(PemBlock::PublicKey(der()?)),
        _ => None,
    }
}

impl Certificate {
    /// As PEM, with a line break at its end.
    pub fn to_pem(&self) -> String {
        let mut pem = format!("{BEGIN}CERTIFICATE-----\n");
        // 48 bytes are the 64 characters of a line.
        for line in self.der().chunks(48) {
            BASE64.encode_append(line, &mut pem);
            pem.push('\n');
        }
        pem + END + "CERTIFICATE-----\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let letter = |block: &PemBlock| match block {
            PemBlock::Certificate(_) => 'c',
            PemBlock::Key(_) => 'k',
            PemBlock::LockedKey => 'l',
            PemBlock::Request(_) => 'r',
            PemBlock::PublicKey(_) => 'p',
        };
        pem_blocks(text.as_bytes()).iter().map(letter).collect()
    }

    fn of(label: &str, inside: &str) -> String {
        format!("{BEGIN}{label}-----\n{inside}\n{END}{label}-----\n")
    }

    #[test]
    fn blocks_are_found_in_their_order() {
        let text = [
            "a bag's attributes\r\n".to_owned(),
            of("PRIVATE KEY", "AAAA\r\nAAA="),
            of("CERTIFICATE", "AAAA"),
            of("CERTIFICATE", "not base64"),
            of("EC PARAMETERS", "AAAA"),
            of("X509 CERTIFICATE", "AAAA"),
            of("ENCRYPTED PRIVATE KEY", "AAAA"),
            of("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA"),
            of("EC PRIVATE KEY", "AAAA"),
            of("CERTIFICATE REQUEST", "AAAA"),
            of("PUBLIC KEY", "AAAA"),
        ];
        assert_eq!(kinds(&text.concat()), "kccllkrp");
        assert_eq!(kinds(""), "");
        assert_eq!(kinds("-----BEGIN CERTIFICATE-----\nAAAA"), "");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let certificate = Certificate::unread(&[7; 100]);
        let blocks = pem_blocks(certificate.to_pem().as_bytes());
        assert!(matches!(&blocks[..], [PemBlock::Certificate(same)] if *same == certificate));
    }

    #[test]
    fn there_is_an_end() {
        let many = of("CERTIFICATE", "AAAA").repeat(1000);
        assert_eq!(kinds(&many).len(), MOST_BLOCKS);
    }
}
