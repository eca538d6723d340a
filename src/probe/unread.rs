//! What a probe saw, with certificates that nobody has read yet, to an observation. Strangers choose what reading takes,
//! so that large ones are read beside the async workers.

use crate::beside;
use crate::certificate::{Certificate, Staple, Unreadable};
use crate::facts::observation::{Fault, HandshakeSignature, Observation, Phase};
use crate::reason::Reason;

/// So many bytes are read where we are: an ordinary chain takes a tenth of a millisecond, the worst about one.
const SMALL: usize = 8 << 10;

/// Why the signature of a leaf that cannot be read is not judged.
pub(super) const UNPARSED: &str = "the certificate cannot be parsed";

/// What a probe saw.
pub struct Unread {
    pub(super) seen: Observation,
    /// The stapled OCSP response; empty when there is none.
    pub(super) staple: Vec<u8>,
}

/// Of a probe that saw no certificate.
impl From<Observation> for Unread {
    fn from(seen: Observation) -> Self {
        let staple = Vec::new();
        Self { seen, staple }
    }
}

impl Unread {
    /// Reads what the server presented.
    pub async fn read(mut self) -> Observation {
        let (chain, staple) = (self.seen.chain.clone(), self.staple);
        let is_small = unread(&chain) + staple.len() <= SMALL;
        let reading = move || read(&chain, &staple);
        self.seen.staple = match is_small {
            true => reading(),
            false => beside::run(reading).await.unwrap_or_default(),
        };
        if let Some(Err(why)) = self.seen.leaf().map(Certificate::facts) {
            let unreadable = Fault::new(Phase::Handshake, Reason::CertUnreadable, why.to_string());
            doubt(&mut self.seen, unreadable);
        }
        self.seen
    }
}

/// What cannot be read is no certificate, and to have a key of it proves nothing.
fn doubt(seen: &mut Observation, unreadable: Fault) {
    seen.fault.get_or_insert(unreadable);
    if seen.signature == Some(HandshakeSignature::Verified) {
        seen.signature = Some(HandshakeSignature::Unsupported(UNPARSED.to_owned()));
    }
}

fn read(chain: &[Certificate], staple: &[u8]) -> Option<Result<Staple, Unreadable>> {
    chain.iter().for_each(Certificate::read);
    let leaf = chain.first()?.facts().ok()?;
    (!staple.is_empty()).then(|| Staple::from_der(staple, leaf))
}

/// Bytes that are still to be read.
fn unread(chain: &[Certificate]) -> usize {
    let unread = chain.iter().filter(|certificate| !certificate.is_read());
    unread.map(|certificate| certificate.der().len()).sum()
}

/// Reads these at once, if that takes no time.
pub(super) fn read_if_small(chain: &[Certificate]) {
    if unread(chain) <= SMALL {
        chain.iter().for_each(Certificate::read);
    }
}
