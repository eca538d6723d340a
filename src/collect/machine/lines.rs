//! Chunks of bytes to lines; a line without end is dropped as far as it goes.

/// Most bytes of a line. A message to ten thousand recipients takes a line of one megabyte.
const LONGEST: usize = 4 << 20;

/// A line that has begun.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    /// Shows the lines that end in this chunk, without their ends.
    pub(super) fn push(&mut self, chunk: &[u8], show: &mut dyn FnMut(&[u8])) {
        let mut pieces = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let is_whole = pieces.peek().is_some();
            if is_whole && self.begun.is_empty() && !self.is_too_long {
                show(piece);
                continue;
            }
            self.grow(piece);
            if is_whole {
                self.end(show);
            }
        }
    }

    /// Shows what is left without an end.
    pub(super) fn end(&mut self, show: &mut dyn FnMut(&[u8])) {
        if !self.is_too_long && !self.begun.is_empty() {
            show(&self.begun);
        }
        self.begun.clear();
        self.is_too_long = false;
    }

    fn grow(&mut self, piece: &[u8]) {
        self.is_too_long |= self.begun.len() + piece.len() > LONGEST;
        if self.is_too_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let mut show = |line: &[u8]| seen.push(String::from_utf8(line.to_vec()).unwrap());
        for chunk in chunks {
            lines.push(chunk, &mut show);
        }
        lines.end(&mut show);
        seen
    }

    #[test]
    fn lines_do_not_depend_on_chunks() {
        let whole = ["one", "two", "three"];
        assert_eq!(shown(&[b"one\ntwo\nthree\n"]), whole);
        assert_eq!(shown(&[b"one\ntwo\nthree"]), whole);
        let single: Vec<_> = b"one\ntwo\nthree\n".chunks(1).collect();
        assert_eq!(shown(&single), whole);
    }

    #[test]
    fn a_line_without_end_is_dropped_and_the_next_is_not() {
        let endless = vec![b'x'; LONGEST / 2 + 1];
        assert_eq!(shown(&[&endless, &endless, b"x\nnext\n"]), ["next"]);
    }
}
