use super::{CanonicalError, Dialect, member::Member, order, text};

/// Twice what serde_json reads. Values are walked on the stack, and in the worst case each level
/// moves all that is below it.
pub(super) const MAX_DEPTH: usize = 256;

/// Writes canonical JSON piece by piece. The members of an object are put in order when it
/// ends, by moving their bytes; most come in order, and nothing moves.
pub(super) struct Writer<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) dialect: Dialect,
    /// Of all open objects, the innermost last.
    members: Vec<Member>,
    scratch: Vec<u8>,
    depth: usize,
}

/// An object that is being written.
pub(super) struct Object {
    /// Its first one in [`Writer::members`].
    first: usize,
    in_order: bool,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>, dialect: Dialect) -> Self {
        Self {
            out,
            dialect,
            members: Vec::new(),
            scratch: Vec::new(),
            depth: 0,
        }
    }

    /// Takes back what is written behind `start`, and goes on at this depth.
    #[inline]
    pub(super) fn restart(&mut self, start: usize, depth: usize) {
        self.out.truncate(start);
        self.depth = depth;
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), CanonicalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        Ok(())
    }

    #[inline]
    fn comma(&mut self) {
        match self.dialect {
            Dialect::Python => self.out.extend_from_slice(b", "),
            Dialect::TypeScript => self.out.push(b','),
        }
    }

    pub(super) fn begin_array(&mut self) -> Result<(), CanonicalError> {
        self.enter()?;
        self.out.push(b'[');
        Ok(())
    }

    #[inline]
    pub(super) fn element(&mut self, first: bool) {
        if !first {
            self.comma();
        }
    }

    pub(super) fn end_array(&mut self) {
        self.out.push(b']');
        self.depth -= 1;
    }

    pub(super) fn begin_object(&mut self) -> Result<Object, CanonicalError> {
        self.enter()?;
        self.out.push(b'{');
        if self.members.capacity() == 0 {
            self.members.reserve(48);
        }
        Ok(Object {
            first: self.members.len(),
            in_order: true,
        })
    }

    /// Opens a key's quotes; the return value is for [`end_key`](Self::end_key).
    #[inline]
    pub(super) fn begin_key(&mut self, object: &Object) -> usize {
        if self.members.len() > object.first {
            self.comma();
        }
        self.out.push(b'"');
        self.out.len() - 1
    }

    #[inline]
    pub(super) fn end_key(&mut self, object: &mut Object, start: usize, unescaped: bool) {
        let plain = match self.dialect {
            Dialect::Python => unescaped,
            Dialect::TypeScript => unescaped && self.out[start..].is_ascii(),
        };
        let member = Member {
            start,
            key_end: self.out.len(),
            plain,
        };
        match self.dialect {
            Dialect::Python => self.out.extend_from_slice(b"\": "),
            Dialect::TypeScript => self.out.extend_from_slice(b"\":"),
        }
        if object.in_order {
            let previous = self.members[object.first..].last();
            object.in_order = order::follows(self.out, previous, &member, self.dialect);
        }
        self.members.push(member);
    }

    #[inline]
    pub(super) fn key(&mut self, object: &mut Object, key: &str) {
        let start = self.begin_key(object);
        let unescaped = text::push(self.out, key, self.dialect);
        self.end_key(object, start, unescaped);
    }

    #[inline]
    pub(super) fn end_object(&mut self, object: &Object) {
        if !object.in_order {
            self.arrange(object.first);
        }
        self.members.truncate(object.first);
        self.out.push(b'}');
        self.depth -= 1;
    }

    #[cold]
    fn arrange(&mut self, first: usize) {
        let start = self.members[first].start;
        self.scratch.clear();
        let separator: &[u8] = match self.dialect {
            Dialect::Python => b", ",
            Dialect::TypeScript => b",",
        };
        let members = &self.members[first..];
        for range in order::arranged(self.out, members, separator.len(), self.dialect) {
            if !self.scratch.is_empty() {
                self.scratch.extend_from_slice(separator);
            }
            self.scratch.extend_from_slice(&self.out[range]);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&self.scratch);
    }

    #[inline]
    pub(super) fn string(&mut self, value: &str) {
        self.out.reserve(value.len() + 2);
        self.out.push(b'"');
        text::push(self.out, value, self.dialect);
        self.out.push(b'"');
    }
}
