//! A name and an offer to the bytes of a ClientHello for SSL 3.0 to TLS 1.2 (RFC 5246 §7.4.1.2); reads nothing.

use super::suite;
use crate::endpoint::Offer;

/// Groups for ECDHE, which are also the curves that the server's key may be on (RFC 8422 §5.1.1).
const GROUPS: &[u16] = &[
    0x001d, // x25519
    0x0017, // secp256r1
    0x0018, // secp384r1
    0x0019, // secp521r1
    0x001e, // x448
    0x0016, // secp256k1
    0x001a, // brainpoolP256r1
    0x001b, // brainpoolP384r1
    0x001c, // brainpoolP512r1
];

/// Signature algorithms (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3). All of them whatever the offer: the suites say which
/// kind of key is meant, and some servers apply this list to every signature in their chain.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, // ECDSA with SHA-256, 384, 512
    0x0807, 0x0808, // Ed25519, Ed448
    0x0804, 0x0805, 0x0806, // PSS with RSA keys
    0x0809, 0x080a, 0x080b, // PSS with PSS keys
    0x0401, 0x0501, 0x0601, // PKCS #1 with SHA-256, 384, 512
    0x0201, 0x0203, // RSA and ECDSA with SHA-1
    0x0402, 0x0202, // DSA with SHA-256 and SHA-1
];

/// "I would renegotiate securely" (RFC 5746 §3.3): some servers refuse those who would not.
const RENEGOTIATION_INFO: u16 = 0x00ff;

/// One record with one ClientHello. With a name of usual length it stays below 256 bytes: some load balancers hang
/// on hellos of 256 to 511 bytes (RFC 7685 §1).
pub(super) fn client_hello(offer: Offer, server_name: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random);
    body.push(0); // no session to resume
    let suites = suite::offered(offer).chain([RENEGOTIATION_INFO]);
    body.extend(vector(&numbers(suites)));
    body.extend([1, 0]); // no compression
    body.extend(vector(&extensions(server_name)));
    let mut message = vec![1, 0];
    message.extend(vector(&body));
    // Records of the first hello say TLS 1.0 (RFC 5246 §E.1).
    let mut record = vec![22, 3, 1];
    record.extend(vector(&message));
    record
}

fn extensions(server_name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        let mut entry = vec![0];
        entry.extend(vector(name.as_bytes()));
        extensions.extend(extension(0, &vector(&entry)));
    }
    extensions.extend(extension(10, &vector(&numbers(GROUPS.iter().copied()))));
    extensions.extend(extension(11, &[1, 0])); // uncompressed points
    extensions.extend(extension(13, &vector(&numbers(SIGNATURES.iter().copied()))));
    extensions
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend(vector(content));
    bytes
}

fn numbers(numbers: impl Iterator<Item = u16>) -> Vec<u8> {
    numbers.flat_map(u16::to_be_bytes).collect()
}

/// A length of two bytes and the content. Nothing here comes near its limit: a name has at most 253 characters.
fn vector(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(offer: Offer, name: Option<&str>) -> Vec<u8> {
        client_hello(offer, name, [7; 32])
    }

    #[test]
    fn lengths_agree_with_what_they_count() {
        let hello = hello(Offer::Any, Some("mx.bears.test"));
        let number = |at: usize| usize::from(hello[at]) << 8 | usize::from(hello[at + 1]);
        assert_eq!(hello[..3], [22, 3, 1]);
        assert_eq!(number(3), hello.len() - 5);
        assert_eq!(hello[5..7], [1, 0]);
        assert_eq!(number(7), hello.len() - 9);
        assert_eq!(hello[9..11], [3, 3]);
        let suites = number(44);
        assert_eq!(suites, 2 * (suite::offered(Offer::Any).count() + 1));
        let extensions = 44 + 2 + suites + 2;
        assert_eq!(number(extensions), hello.len() - extensions - 2);
    }

    #[test]
    fn the_name_is_sent_where_there_is_one() {
        let with = hello(Offer::Any, Some("mx.bears.test"));
        assert!(with.windows(13).any(|w| w == b"mx.bears.test"));
        assert_eq!(with.len(), hello(Offer::Any, None).len() + 9 + 13);
    }

    #[test]
    fn it_is_shorter_than_what_some_load_balancers_hang_on() {
        let name = "mail-gateway-1.bearville.bears.test";
        assert!(hello(Offer::Any, Some(name)).len() < 256);
    }
}
