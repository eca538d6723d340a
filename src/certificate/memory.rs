//! Texts and lists to the memory that they hold; knows no certificates.

/// What an allocation takes: small ones are rounded up to 16 bytes, large ones by up to an eighth.
fn allocated(bytes: usize) -> usize {
    (bytes + bytes / 8).next_multiple_of(16)
}

/// What a text holds beside itself.
pub(super) fn text(text: &String) -> usize {
    allocated(text.capacity())
}

/// What a list holds beside itself, and beside what its entries hold.
pub(super) fn list<T>(list: &Vec<T>) -> usize {
    allocated(list.capacity() * size_of::<T>())
}
