//! Text to the bytes of an answer, compressed while it is written, and back; the only file that knows flate2.

use std::io::{Cursor, Read, Write};
use std::mem;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

/// How an answer is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip (RFC 1952).
    Gzip,
}

/// So much text is collected before it is compressed: a scrape of 10,000 endpoints is never whole in memory.
const CHUNK: usize = 256 * 1024;

/// Bytes in the making.
pub(super) struct Body {
    text: String,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl Body {
    pub(super) fn new(encoding: Encoding) -> Self {
        // Level 1: Prometheus is near, and higher levels cost five times the CPU for a tenth of the size.
        let gzip = || GzEncoder::new(Vec::new(), Compression::fast());
        Self {
            text: String::new(),
            gzip: (encoding == Encoding::Gzip).then(gzip),
        }
    }

    /// Where to write next.
    pub(super) fn text(&mut self) -> &mut String {
        if self.text.len() >= CHUNK {
            self.compress();
        }
        &mut self.text
    }

    fn compress(&mut self) {
        if let Some(gzip) = &mut self.gzip {
            // Writing to a Vec cannot fail.
            let _ = gzip.write_all(self.text.as_bytes());
            self.text.clear();
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.compress();
        match self.gzip {
            Some(gzip) => gzip.finish().unwrap_or_default(),
            None => mem::take(&mut self.text).into_bytes(),
        }
    }
}

/// The bytes of a text.
pub fn encoded(text: String, encoding: Encoding) -> Vec<u8> {
    let mut body = Body::new(encoding);
    *body.text() = text;
    body.finish()
}

/// What [`Encoding::Gzip`] made, piece by piece as it was before: the whole text is never in memory.
pub struct Unpacked<B> {
    gzip: GzDecoder<Cursor<B>>,
    left: usize,
}

impl<B: AsRef<[u8]>> Unpacked<B> {
    /// Bytes that this program compressed, to their beginning.
    pub fn new(bytes: B) -> Self {
        // They end with how many there were before (RFC 1952 §2.3.1).
        let size = bytes.as_ref().last_chunk().copied();
        Self {
            left: size.map_or(0, |size| u32::from_le_bytes(size) as usize),
            gzip: GzDecoder::new(Cursor::new(bytes)),
        }
    }

    /// How many bytes are still to come.
    pub fn left(&self) -> usize {
        self.left
    }

    /// How many of the compressed ones are behind us.
    pub fn taken(&self) -> usize {
        usize::try_from(self.gzip.get_ref().position()).unwrap_or(usize::MAX)
    }

    /// The next so many bytes, fewer at the end.
    pub fn piece(&mut self, most: usize) -> Vec<u8> {
        let mut piece = vec![0; self.left.min(most)];
        match self.gzip.read_exact(&mut piece) {
            Ok(()) => self.left -= piece.len(),
            // Bytes that are not ours end here.
            Err(_) => piece.clear(),
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compressed_in_pieces_is_whole_again() {
        let mut body = Body::new(Encoding::Gzip);
        let line = "smtp_tls_probe_success 1\n";
        let lines = 2 * CHUNK / line.len();
        for _ in 0..lines {
            body.text().push_str(line);
        }
        let bytes = body.finish();
        assert!(bytes.len() < CHUNK / 10);
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
        decoder.read_to_string(&mut text).unwrap();
        assert_eq!(text, line.repeat(lines));
    }

    #[test]
    fn what_is_unpacked_in_pieces_is_as_it_was() {
        let text: String = (0..20_000)
            .map(|nth| format!("a{{b=\"{nth}\"}} 1\n"))
            .collect();
        let mut unpacked = Unpacked::new(encoded(text.clone(), Encoding::Gzip));
        assert_eq!(
            (unpacked.left(), unpacked.taken() < 100),
            (text.len(), true)
        );
        let mut pieces = Vec::new();
        while unpacked.left() > 0 {
            let piece = unpacked.piece(64 * 1024);
            assert!(!piece.is_empty() && piece.len() <= 64 * 1024);
            pieces.extend(piece);
        }
        assert_eq!(String::from_utf8(pieces).unwrap(), text);
        assert_eq!(unpacked.piece(9), b"");
        let mut broken = Unpacked::new(b"no gzip at all".as_slice());
        assert_eq!(broken.piece(9), b"");
    }

    #[test]
    fn without_compression_the_text_stays() {
        assert_eq!(encoded("a\n".into(), Encoding::Identity), b"a\n");
    }
}
