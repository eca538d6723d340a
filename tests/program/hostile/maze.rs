//! A handshake of TLS 1.2 that shows a maze: many large CA certificates of one name that nobody signed. It needs no key.

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};
use testkit::odd::{Odd, attribute, der, name, set};

/// Certificates of the maze, and extensions in each: 60 KB.
const WALLS: usize = 17;
const EXTENSIONS: u64 = 180;

/// Of the other maze: issuers, subtrees that each allows, and attributes in the subject of the leaf.
const NAMED_WALLS: u8 = 7;
const SUBTREES: usize = 1000;
const ATTRIBUTES: usize = 700;
/// Names of the leaf without a maze: registered IDs, which take longest.
const IDS: usize = 15_000;
/// `ecdsa-with-SHA224` as an AlgorithmIdentifier: not verified here, so any such signature may hold.
const NOT_VERIFIED: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x01";

/// Whom all of the other maze name as their issuer, a root.
pub(crate) const ROOT: &str = "Odd CA";

/// What a server sends after the ClientHello: walls, and a leaf of its own or always the same.
pub(crate) struct Maze(Vec<Vec<u8>>, Box<dyn Fn() -> Vec<u8>>);

impl Maze {
    pub(crate) fn new() -> Self {
        let walls = (0..WALLS).map(|_| certificate(true, EXTENSIONS));
        Self(walls.collect(), Box::new(|| certificate(false, 0)))
    }

    /// A large name below thousands of subtrees that it lies within, all at a root whose signature nobody can tell.
    pub(crate) fn of_names() -> Self {
        let walls = (0..NAMED_WALLS).map(|_| {
            let subtree = der(0x30, &der(0xa4, &name(&[])));
            let constraints = der(0x30, &der(0xa0, &subtree.repeat(SUBTREES)));
            not_verified(Odd {
                subject: Odd::common_name(ROOT),
                extensions: vec![
                    Odd::extension(b"\x55\x1d\x13", &der(0x30, &[1, 1, 0xff])),
                    Odd::extension(b"\x55\x1d\x1e", &constraints),
                ],
                ..Odd::default()
            })
        });
        let attribute = set(&[attribute(b"\x55\x04\x03", "a")]);
        let leaf = not_verified(Odd {
            subject: name(&vec![attribute; ATTRIBUTES]),
            ..Odd::default()
        });
        Self(walls.collect(), Box::new(move || leaf.clone()))
    }

    /// No walls: a leaf of nearly 64 KiB, always another, which is long in reading for all its names.
    pub(crate) fn of_ids() -> Self {
        let leaf = || {
            let names = der(0x30, &b"\x88\x02\x2a\x03".repeat(IDS));
            not_verified(Odd {
                extensions: vec![Odd::extension(b"\x55\x1d\x11", &names)],
                ..Odd::default()
            })
        };
        Self(Vec::new(), Box::new(leaf))
    }

    /// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone (RFC 5246 §7.4).
    pub(crate) fn flight(&self) -> Vec<u8> {
        let hello = [&[3, 3][..], &[7; 32], b"\0\xc0\x2b\0\0\x05\xff\x01\0\x01\0"].concat();
        let leaf = (self.1)();
        let chain: Vec<u8> = std::iter::once(&leaf)
            .chain(&self.0)
            .flat_map(|der| counted(der))
            .collect();
        let exchange = [
            &b"\x03\0\x1d\x20\x09"[..],
            &[0; 31],
            b"\x04\x03\0\x20",
            &[7; 32],
        ]
        .concat();
        let messages = [
            message(2, &hello),
            message(11, &counted(&chain)),
            message(12, &exchange),
            message(14, b""),
        ];
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).expect("a record").to_be_bytes();
            [b"\x16\x03\x03", &length[..], part].concat()
        };
        messages.concat().chunks(16_000).flat_map(record).collect()
    }
}

/// Length in three bytes, and the bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a chain").to_be_bytes();
    [&length[1..], bytes].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], counted(body)].concat()
}

fn not_verified(odd: Odd<'_>) -> Vec<u8> {
    let odd = Odd {
        algorithm: NOT_VERIFIED,
        ..odd
    };
    odd.credentials().chain[0].to_vec()
}

/// By an issuer of the same name whose key nobody has.
fn certificate(is_ca: bool, extensions: u64) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "maze");
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let extension = |n| CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 9999, n], vec![5, 0]);
    params.custom_extensions = (0..extensions).map(extension).collect();
    let (key, stranger) = (KeyPair::generate(), KeyPair::generate());
    let issuer = Issuer::from_params(&params, stranger.expect("a key"));
    let made = params.signed_by(&key.expect("a key"), &issuer);
    made.expect("a certificate").der().to_vec()
}
