//! Text to the bytes of an answer, compressed while it is written; the only file that knows flate2.

use std::io::Write;
use std::mem;

use flate2::Compression;
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

#[cfg(test)]
mod tests {
    use std::io::Read;

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
    fn without_compression_the_text_stays() {
        assert_eq!(encoded("a\n".into(), Encoding::Identity), b"a\n");
    }
}
