//! What one event says, rendered: all of a line but the keys of its invocation.

use std::{sync::Arc, time::SystemTime};

use tracing::Level;

use crate::pieces::Pieces;

/// Bytes of a line that stand in no buffer: level, timestamp, punctuation.
const FRAME: usize = 64;

/// One line's own part.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) level: Level,
    pub(crate) time: SystemTime,
    /// JSON, with its quotes.
    pub(crate) location: Vec<u8>,
    /// JSON; empty if there is none.
    pub(crate) message: Vec<u8>,
    pub(crate) fields: Pieces,
    /// What an error says of itself.
    pub(crate) error: Pieces,
    /// The scopes that it was logged in, once it is held back; until then they are those
    /// of the thread.
    pub(crate) scopes: Option<Vec<Arc<Pieces>>>,
    /// A value on its way.
    pub(crate) scratch: Vec<u8>,
}

impl Entry {
    pub(crate) fn clear(&mut self) {
        self.location.clear();
        self.message.clear();
        self.fields.clear();
        self.error.clear();
        self.scratch.clear();
        self.scopes = None;
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.location.shrink_to(bytes);
        self.message.shrink_to(bytes);
        self.fields.shrink_to(bytes);
        self.error.shrink_to(bytes);
        self.scratch.shrink_to(bytes);
    }

    /// About the bytes that it adds to a line.
    pub(crate) fn size(&self) -> usize {
        FRAME + self.location.len() + self.message.len() + self.fields.size() + self.error.size()
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            level: Level::INFO,
            time: SystemTime::UNIX_EPOCH,
            location: Vec::new(),
            message: Vec::new(),
            fields: Pieces::default(),
            error: Pieces::default(),
            scopes: None,
            scratch: Vec::new(),
        }
    }
}
