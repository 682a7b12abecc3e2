//! Where the output stands: brackets that are open, room that is left, what went wrong.

use std::fmt::{Display, Write};

use super::{
    escape::escape_within,
    rules::Rules,
    text::{self, CUT_TEXT, Escaped},
};

const CUT: &[u8] = b"\"[cut]\"";
const CUT_MEMBER: &[u8] = b"\"[cut]\":true";
const FAILED: &[u8] = b"\"[cannot be serialized]\"";
const HIDDEN: &[u8] = b"\"***\"";
const TOO_DEEP: &[u8] = b"\"[too deep]\"";

/// Ends a walk through a value; why is known to the [`Writer`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop;

impl Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    /// The text may hold payload: it is not even looked at.
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    /// A mark was written in the place of the present value; its `Serialize` is being left.
    Skipping,
    /// Full: the mark is written, all brackets are closed.
    Cut,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Array,
    Object,
}

/// Writes one value, token by token.
///
/// Open brackets count as closed already, so that a value of just the permitted size is
/// written whole, and a cut one is longer by no more than its mark.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    rules: &'a Rules,
    start: usize,
    /// Up to where `out` may grow.
    end: usize,
    /// Where the present element or member begins, with its comma.
    unit: usize,
    depth: usize,
    /// The open brackets, the innermost in the lowest bit: set for an object.
    objects: u128,
    state: State,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, rules: &'a Rules) -> Self {
        let start = out.len();
        Self {
            out,
            rules,
            start,
            end: start.saturating_add(rules.max_field_bytes()),
            unit: start,
            depth: 0,
            objects: 0,
            state: State::Going,
        }
    }

    pub(crate) fn rules(&self) -> &'a Rules {
        self.rules
    }

    /// What was written of the value so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.out[self.start..]
    }

    /// Takes back what was written, for another value in its place.
    pub(crate) fn restart(&mut self) {
        self.out.truncate(self.start);
        self.end = self.start.saturating_add(self.rules.max_field_bytes());
        self.unit = self.start;
        self.depth = 0;
        self.objects = 0;
        self.state = State::Going;
    }

    /// Leaves a whole value, or one mark in its place.
    pub(crate) fn finish(&mut self) {
        let whole = self.depth == 0 && self.out.len() > self.start;
        if self.state == State::Failed || !whole {
            self.out.truncate(self.start);
            self.out.extend_from_slice(FAILED);
        }
    }

    /// Takes up again what a value left with `Stop`: after a mark in its place the walk
    /// goes on.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        match self.state {
            State::Skipping => {
                self.state = State::Going;
                Ok(())
            }
            State::Going => self.fail(),
            State::Cut | State::Failed => Err(Stop),
        }
    }

    /// Refuses to write after the end: a `Serialize` may go on after an error.
    #[inline]
    pub(super) fn going(&self) -> Result<(), Stop> {
        if self.state == State::Going {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    pub(super) fn fail<T>(&mut self) -> Result<T, Stop> {
        if self.state != State::Cut {
            self.state = State::Failed;
        }
        Err(Stop)
    }

    /// Leaves the present value, in whose place a mark stands.
    pub(super) fn skip<T>(&mut self) -> Result<T, Stop> {
        self.state = State::Skipping;
        Err(Stop)
    }

    pub(super) fn is_skipping(&self) -> bool {
        self.state == State::Skipping
    }

    /// Begins an element of an array.
    #[inline]
    pub(super) fn element(&mut self) {
        self.unit = self.out.len();
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
    }

    /// Begins a member of an object.
    #[inline]
    pub(super) fn member(&mut self, name: &str) -> Result<(), Stop> {
        self.unit = self.out.len();
        // Quotes and a colon, and some value of one byte at least. Escapes may need more;
        // then the value finds no room.
        if name.len().saturating_add(4) > self.room() {
            return self.cut();
        }
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        text::key(self.out, name);
        Ok(())
    }

    /// Makes a member that is not written cost something, so that a map of nothing but
    /// such members comes to an end.
    pub(super) fn charge(&mut self) -> Result<(), Stop> {
        self.end = self.end.saturating_sub(4);
        self.unit = self.out.len();
        self.check()
    }

    pub(super) fn scalar(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stop> {
        write(self.out);
        self.check()
    }

    pub(super) fn hidden(&mut self) -> Result<(), Stop> {
        self.scalar(|out| out.extend_from_slice(HIDDEN))
    }

    pub(super) fn string(&mut self, text: &str) -> Result<(), Stop> {
        if self.room() < 2 {
            return self.cut();
        }
        self.out.push(b'"');
        if !escape_within(self.out, text, self.end - self.depth - 1) {
            return self.end_cut_string();
        }
        self.out.push(b'"');
        Ok(())
    }

    pub(super) fn display(&mut self, value: &(impl Display + ?Sized)) -> Result<(), Stop> {
        if self.room() < 2 {
            return self.cut();
        }
        self.out.push(b'"');
        let mut escaped = Escaped::new(self.out, self.end - self.depth - 1);
        // A value whose formatting fails leaves what it had written.
        let _ = write!(escaped, "{value}");
        if escaped.is_cut() {
            return self.end_cut_string();
        }
        self.out.push(b'"');
        Ok(())
    }

    pub(super) fn open(&mut self, bracket: Bracket) -> Result<(), Stop> {
        if self.depth >= self.rules.max_depth() {
            self.scalar(|out| out.extend_from_slice(TOO_DEEP))?;
            return self.skip();
        }
        if self.room() < 2 {
            return self.cut();
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(bracket == Bracket::Object);
        self.out.push(match bracket {
            Bracket::Array => b'[',
            Bracket::Object => b'{',
        });
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let object = self.objects & 1 == 1;
        self.out.push(if object { b'}' } else { b']' });
        self.objects >>= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    /// What can still be written besides the brackets that close.
    fn room(&self) -> usize {
        self.end.saturating_sub(self.out.len() + self.depth)
    }

    fn fits(&self) -> bool {
        self.out.len() + self.depth <= self.end
    }

    #[inline]
    fn check(&mut self) -> Result<(), Stop> {
        if self.fits() { Ok(()) } else { self.cut() }
    }

    /// Puts a mark in the place of the present element or member, and an end to it all.
    #[cold]
    fn cut(&mut self) -> Result<(), Stop> {
        self.out.truncate(self.unit);
        let in_object = self.depth > 0 && self.objects & 1 == 1;
        let mark = if in_object { CUT_MEMBER } else { CUT };
        if self.depth > 0 && !matches!(self.out.last(), Some(b'[' | b'{')) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(mark);
        self.end_cut()
    }

    #[cold]
    fn end_cut_string(&mut self) -> Result<(), Stop> {
        self.out.extend_from_slice(CUT_TEXT.as_bytes());
        self.out.push(b'"');
        self.end_cut()
    }

    fn end_cut(&mut self) -> Result<(), Stop> {
        while self.depth > 0 {
            self.close();
        }
        self.state = State::Cut;
        Err(Stop)
    }
}
