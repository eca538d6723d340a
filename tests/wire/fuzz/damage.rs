//! A seed and random bytes to a damaged seed: random bytes alone would not get past the first tag or the first digit.

/// Values at which lengths, counts and characters change their meaning.
const EDGES: [u8; 16] = [
    0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, b'\n', b'\r', b' ', b'"', b'\\', b'<', b'-', b':',
];

/// Most edits of one seed.
const EDITS: usize = 8;

/// One of the seeds after some edits, both chosen by `choices`; sometimes the choices themselves.
pub(crate) fn damaged(seeds: &[Vec<u8>], choices: &[u8]) -> Vec<u8> {
    let [high, low, count, edits @ ..] = choices else {
        return choices.to_vec();
    };
    if *count >= 0xf8 {
        return edits.to_vec();
    }
    let nth = usize::from(u16::from_be_bytes([*high, *low])) % seeds.len();
    let mut bytes = seeds[nth].clone();
    for edit in edits.chunks_exact(4).take(1 + usize::from(*count) % EDITS) {
        apply(&mut bytes, edit);
    }
    bytes
}

fn apply(bytes: &mut Vec<u8>, edit: &[u8]) {
    let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % (bytes.len() + 1);
    let value = edit[3];
    let edge = EDGES[usize::from(value) % EDGES.len()];
    match (edit[2] % 8, bytes.get_mut(at)) {
        (0, Some(byte)) => *byte ^= 1 << (value % 8),
        (1, Some(byte)) => *byte = value,
        (2, Some(byte)) => *byte = edge,
        (3, Some(_)) => drop(bytes.remove(at)),
        (4, _) => bytes.insert(at, value),
        (5, _) => bytes.insert(at, edge),
        (6, _) => {
            let end = (at + usize::from(value)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        (7, _) if value < 64 => bytes.truncate(at),
        (_, Some(_)) => drop(bytes.swap_remove(at)),
        (_, None) => {}
    }
}
