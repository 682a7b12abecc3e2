use super::text;
use super::writer::MAX_DEPTH;
use super::{CanonicalError, Dialect};

/// What is done with the pieces of JSON text, which are given as they stand there.
pub(super) trait Sink {
    type Object;

    fn begin_array(&mut self) -> Result<(), CanonicalError>;
    fn element(&mut self, first: bool);
    fn end_array(&mut self);
    fn begin_object(&mut self) -> Result<Self::Object, CanonicalError>;
    fn key(&mut self, object: &mut Self::Object, raw: &str);
    fn end_object(&mut self, object: Self::Object);
    fn string(&mut self, raw: &str);
    fn number(&mut self, raw: &str, integer: bool);
    fn word(&mut self, word: &str);
}

/// Reads JSON as `json.loads` or `JSON.parse` does. Open arrays and objects are kept on the
/// heap, so no nesting overflows the stack.
pub(super) struct Parser<'j> {
    text: &'j str,
    at: usize,
    words: &'static [&'static str],
}

enum Frame<O> {
    Array,
    Object(O),
}

impl<'j> Parser<'j> {
    pub(super) fn new(json: &'j [u8], dialect: Dialect) -> Result<Self, CanonicalError> {
        match std::str::from_utf8(json) {
            Ok(text) => Ok(Self::of_text(text, dialect)),
            Err(error) => Err(CanonicalError::Encoding {
                position: error.valid_up_to(),
            }),
        }
    }

    pub(super) fn of_text(text: &'j str, dialect: Dialect) -> Self {
        const PYTHON: &[&str] = &["null", "true", "false", "NaN", "Infinity", "-Infinity"];
        Self {
            text,
            at: 0,
            words: match dialect {
                Dialect::Python => PYTHON,
                Dialect::TypeScript => &PYTHON[..3],
            },
        }
    }

    /// One value and nothing else.
    pub(super) fn document(&mut self, sink: &mut impl Sink) -> Result<(), CanonicalError> {
        self.value(sink)?;
        self.end()
    }

    /// The text of the one value, without the white space around it.
    pub(super) fn whole(&mut self) -> Result<&'j str, CanonicalError> {
        let value = self.skipped()?;
        self.end()?;
        Ok(value)
    }

    fn skipped(&mut self) -> Result<&'j str, CanonicalError> {
        self.next_byte();
        let start = self.at;
        self.value(&mut Skip)?;
        Ok(&self.text[start..self.at])
    }

    pub(super) fn end(&mut self) -> Result<(), CanonicalError> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.syntax()),
        }
    }

    pub(super) fn value<S: Sink>(&mut self, sink: &mut S) -> Result<(), CanonicalError> {
        let mut open: Vec<Frame<S::Object>> = Vec::new();
        loop {
            if self.begin(sink, &mut open)? {
                continue;
            }
            loop {
                match open.last_mut() {
                    None => return Ok(()),
                    Some(Frame::Array) if self.take(b',') => {
                        sink.element(false);
                        break;
                    }
                    Some(Frame::Object(object)) if self.take(b',') => {
                        sink.key(object, self.key()?);
                        break;
                    }
                    Some(_) => {}
                }
                match open.pop() {
                    Some(Frame::Array) if self.take(b']') => sink.end_array(),
                    Some(Frame::Object(object)) if self.take(b'}') => sink.end_object(object),
                    _ => return Err(self.syntax()),
                }
            }
        }
    }

    /// Reads a value up to its first child, if it has any: true if that is to be read next.
    fn begin<S: Sink>(
        &mut self,
        sink: &mut S,
        open: &mut Vec<Frame<S::Object>>,
    ) -> Result<bool, CanonicalError> {
        match self.next_byte() {
            Some(b'{') => {
                self.nest(open.len())?;
                let mut object = sink.begin_object()?;
                if self.take(b'}') {
                    sink.end_object(object);
                    return Ok(false);
                }
                sink.key(&mut object, self.key()?);
                open.push(Frame::Object(object));
                return Ok(true);
            }
            Some(b'[') => {
                self.nest(open.len())?;
                sink.begin_array()?;
                if self.take(b']') {
                    sink.end_array();
                    return Ok(false);
                }
                sink.element(true);
                open.push(Frame::Array);
                return Ok(true);
            }
            Some(b'"') => sink.string(self.string()?),
            Some(b'-' | b'0'..=b'9') if !self.rest().starts_with("-I") => {
                let (number, integer) = self.number()?;
                sink.number(number, integer);
            }
            _ => sink.word(self.word()?),
        }
        Ok(false)
    }

    fn nest(&mut self, depth: usize) -> Result<(), CanonicalError> {
        self.at += 1;
        if depth >= MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        Ok(())
    }

    /// Gives each child of the value its key, if it has one, and its text. Scalars have none.
    pub(super) fn children(
        &mut self,
        mut visit: impl FnMut(Option<&'j str>, &'j str),
    ) -> Result<(), CanonicalError> {
        let close = match self.next_byte() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            _ => return self.value(&mut Skip),
        };
        self.at += 1;
        if self.take(close) {
            return Ok(());
        }
        loop {
            let key = (close == b'}').then(|| self.key()).transpose()?;
            visit(key, self.skipped()?);
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.syntax());
            }
        }
    }

    /// The inside of a key, with the colon behind it taken too.
    fn key(&mut self) -> Result<&'j str, CanonicalError> {
        if self.next_byte() != Some(b'"') {
            return Err(self.syntax());
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.syntax());
        }
        Ok(key)
    }

    /// The inside of the string that begins here.
    fn string(&mut self) -> Result<&'j str, CanonicalError> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        self.at = start;
        loop {
            self.at += text::plain_len(&bytes[self.at..], Dialect::TypeScript);
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                Some(b'\\') => self.at += self.escape_len()?,
                _ => return Err(self.syntax()),
            }
        }
    }

    fn escape_len(&self) -> Result<usize, CanonicalError> {
        let escape = &self.rest().as_bytes()[1..];
        match escape.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => match escape.get(1..5) {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(6),
                _ => Err(self.syntax()),
            },
            _ => Err(self.syntax()),
        }
    }

    /// The number that begins here, and whether it is an integer.
    fn number(&mut self) -> Result<(&'j str, bool), CanonicalError> {
        let start = self.at;
        self.at += usize::from(self.rest().starts_with('-'));
        if self.rest().starts_with('0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let whole = self.at;
        if self.rest().starts_with('.') {
            self.at += 1;
            self.digits()?;
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.rest().starts_with(['+', '-']));
            self.digits()?;
        }
        Ok((&self.text[start..self.at], whole == self.at))
    }

    fn digits(&mut self) -> Result<(), CanonicalError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        if digits == 0 {
            return Err(self.syntax());
        }
        Ok(())
    }

    fn word(&mut self) -> Result<&'static str, CanonicalError> {
        let rest = self.rest();
        let word = self.words.iter().find(|word| rest.starts_with(**word));
        let word = word.ok_or_else(|| self.syntax())?;
        self.at += word.len();
        Ok(word)
    }

    /// The next byte that is not white space, which stays where it is.
    pub(super) fn next_byte(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next_byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn rest(&self) -> &'j str {
        &self.text[self.at..]
    }

    fn syntax(&self) -> CanonicalError {
        CanonicalError::Syntax { position: self.at }
    }
}

/// Reads, and makes nothing of it.
pub(super) struct Skip;

impl Sink for Skip {
    type Object = ();

    fn begin_array(&mut self) -> Result<(), CanonicalError> {
        Ok(())
    }
    fn element(&mut self, _: bool) {}
    fn end_array(&mut self) {}
    fn begin_object(&mut self) -> Result<(), CanonicalError> {
        Ok(())
    }
    fn key(&mut self, (): &mut (), _: &str) {}
    fn end_object(&mut self, (): ()) {}
    fn string(&mut self, _: &str) {}
    fn number(&mut self, _: &str, _: bool) {}
    fn word(&mut self, _: &str) {}
}
