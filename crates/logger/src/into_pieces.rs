//! From the members of a value to keys.

use crate::{
    json::{self, Members, Rules},
    pieces::{Piece, Pieces},
};

/// More members of one value do not become keys: each name is looked for among the others.
const MAX_MEMBERS: usize = 1000;

/// Stands for members that were left out, as it does in an object.
const CUT: &str = "[cut]";

/// Members of a value that become keys: up to a thousand, or as many as a line can hold.
/// The key `[cut]` stands for those behind them.
#[derive(Debug)]
pub(crate) struct IntoPieces<'a> {
    pub(crate) pieces: &'a mut Pieces,
    pub(crate) rules: &'a Rules,
    pub(crate) order: u32,
    /// Of a line: no more of them are taken once there are as many.
    pub(crate) max_bytes: usize,
    /// Names that are not for the user to set.
    pub(crate) refused: fn(&str) -> bool,
    pub(crate) refusals: usize,
    /// How many came.
    pub(crate) members: usize,
    pub(crate) is_cut: bool,
}

impl Members for IntoPieces<'_> {
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        // Some `Serialize`s go on after an error.
        if self.is_cut {
            return;
        }
        if self.members == MAX_MEMBERS || self.pieces.size() > self.max_bytes {
            self.is_cut = true;
            return self
                .pieces
                .set_in_order(CUT, self.order, self.rules, |out| {
                    json::boolean(out, true);
                });
        }
        self.members += 1;
        self.pieces
            .set_in_order(name, self.order, self.rules, write);
        // Null switches a key off, whosever it is.
        let is_null = |piece: Piece<'_>| piece.is_null();
        if (self.refused)(name) && !self.pieces.get(name.as_bytes()).is_some_and(is_null) {
            self.pieces.remove(name);
            self.refusals += 1;
        }
    }

    fn is_full(&self) -> bool {
        self.is_cut
    }
}
