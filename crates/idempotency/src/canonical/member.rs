/// Where a member stands in the output. It ends where the next one's separator begins.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// Its key's first quote.
    pub(super) start: usize,
    /// Its key's last quote.
    pub(super) key_end: usize,
    /// The key is ASCII that needed no escape. False says nothing.
    pub(super) plain: bool,
}

impl Member {
    /// The key as it is written, without quotes.
    #[inline]
    pub(super) fn key<'o>(&self, out: &'o [u8]) -> &'o [u8] {
        &out[self.start + 1..self.key_end]
    }
}
