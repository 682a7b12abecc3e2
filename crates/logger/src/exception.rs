//! An error as keys: `exception`, `exception_name`, `stack_trace`.

use std::{
    error::Error,
    fmt::{self, Write},
};

use crate::{
    json::{self, Rules},
    pieces::Pieces,
};

/// Sources beyond this many are not followed: some errors are their own.
const MAX_SOURCES: usize = 32;

/// Of a stack trace's bytes, those that are kept free for marks and its end.
const STACK_END: usize = 64;

/// Of a cause's bytes, those that are no text, with the marks.
const CAUSE: usize = 48;

/// Where an error was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen<'a> {
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) module: Option<&'a str>,
}

/// How errors are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Describe<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) stack_trace: bool,
    pub(crate) seen: Seen<'a>,
}

impl Describe<'_> {
    /// An error with all its sources.
    pub(crate) fn error(self, error: &(dyn Error + 'static), pieces: &mut Pieces) {
        let name = name_of(&error);
        let max = self.rules.max_field_bytes();
        self.write(pieces, &name, |out| {
            let text = Chain {
                first: (&name, &error),
                causes: || sources(error).map(|cause| (name_of(&cause), cause.to_string())),
            };
            json::display(out, &text, max);
        });
        if self.stack_trace {
            self.write_stack_trace(pieces, (&name, &error), sources(error));
        }
    }

    /// An error of which only a name and a text are known.
    pub(crate) fn text(self, name: &str, text: &dyn fmt::Display, pieces: &mut Pieces) {
        let max = self.rules.max_field_bytes();
        self.write(pieces, name, |out| {
            json::formatted(out, format_args!("{name}: {text}"), max);
        });
        if self.stack_trace {
            self.write_stack_trace(pieces, (name, text), std::iter::empty());
        }
    }

    fn write(self, pieces: &mut Pieces, name: &str, exception: impl FnOnce(&mut Vec<u8>)) {
        pieces.set("exception", self.rules, exception);
        pieces.set("exception_name", self.rules, |out| {
            json::text(out, name, self.rules.max_field_bytes());
        });
    }

    /// All of it has no more bytes than one field may have.
    fn write_stack_trace<'e>(
        self,
        pieces: &mut Pieces,
        (name, text): (&str, &dyn fmt::Display),
        causes: impl Iterator<Item = &'e (dyn Error + 'static)>,
    ) {
        let max = self.rules.max_field_bytes();
        pieces.set("stack_trace", self.rules, |out| {
            let most = out.len() + max.saturating_sub(STACK_END);
            out.extend_from_slice(b"{\"type\":");
            json::text(out, name, room(out, most));
            // The frame is small, and the text may be huge: it gets what is left.
            let mut frame = Vec::new();
            self.write_frame(&mut frame, room(out, most));
            out.extend_from_slice(b",\"value\":");
            let left = room(out, most).saturating_sub(frame.len());
            json::display(out, text, left);
            out.extend_from_slice(&frame);
            write_causes(out, most, causes);
            out.push(b'}');
        });
    }

    /// The one place that is known: where the error was logged.
    fn write_frame(self, out: &mut Vec<u8>, max: usize) {
        let seen = self.seen;
        out.extend_from_slice(b",\"frames\":[{");
        let mut comma = "";
        for (key, text) in [("file", seen.file), ("function", seen.module)] {
            if let Some(text) = text {
                out.extend_from_slice(comma.as_bytes());
                json::key(out, key);
                json::text(out, text, room(out, max));
                comma = ",";
            }
        }
        if let Some(line) = seen.line {
            out.extend_from_slice(comma.as_bytes());
            json::key(out, "line");
            json::integer(out, line);
        }
        out.extend_from_slice(b"}]");
    }
}

fn write_causes<'e>(
    out: &mut Vec<u8>,
    most: usize,
    causes: impl Iterator<Item = &'e (dyn Error + 'static)>,
) {
    let mut start: &[u8] = b",\"causes\":[";
    let mut end: &[u8] = b"";
    for cause in causes {
        out.extend_from_slice(start);
        (start, end) = (b",", b"]");
        let Some(left) = room(out, most).checked_sub(CAUSE) else {
            json::string(out, "[cut]");
            break;
        };
        let text_end = out.len() + left;
        out.extend_from_slice(b"{\"type\":");
        json::text(out, &name_of(&cause), left);
        out.extend_from_slice(b",\"value\":");
        json::display(out, &cause, room(out, text_end));
        out.push(b'}');
    }
    out.extend_from_slice(end);
}

/// How far the buffer is from this length.
fn room(out: &[u8], most: usize) -> usize {
    most.saturating_sub(out.len())
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |error: &&'a (dyn Error + 'static)| (*error).source();
    std::iter::successors(error.source(), next).take(MAX_SOURCES)
}

/// An error and its causes, one to a line of the text.
struct Chain<'a, C> {
    first: (&'a str, &'a dyn fmt::Display),
    causes: C,
}

impl<C, I> fmt::Display for Chain<'_, C>
where
    C: Fn() -> I,
    I: Iterator<Item = (String, String)>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, text) = self.first;
        write!(f, "{name}: {text}")?;
        for (name, text) in (self.causes)() {
            write!(f, "\ncaused by: {name}: {text}")?;
        }
        Ok(())
    }
}

/// What is said of an error whose type does not show.
const UNNAMED: &str = "Error";

/// The name with which an error's `Debug` begins: that of its type or, of an enum, of its
/// variant. Nothing else tells the type behind a `dyn Error`.
pub(crate) fn name_of(error: &dyn fmt::Debug) -> String {
    let mut name = Name::default();
    // It is stopped once it has the name.
    let _ = write!(name, "{error:?}");
    match name.is_name {
        Some(true) => name.text,
        // All of it may be the name, as of a unit struct.
        None if is_type_name(&name.text) => name.text,
        _ => UNNAMED.to_owned(),
    }
}

/// The last part of a type's path: `OrderError` of `shop::OrderError<T>`.
pub(crate) fn name_of_type<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

fn is_type_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
}

#[derive(Default)]
struct Name {
    text: String,
    is_name: Option<bool>,
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const MAX: usize = 128;
        for next in text.chars() {
            match next {
                _ if next.is_alphanumeric() || next == '_' => self.text.push(next),
                '(' | '{' => self.is_name = Some(is_type_name(&self.text)),
                // `Name { field: … }`: the brace comes next.
                ' ' if !self.text.ends_with(' ') => self.text.push(next),
                _ => self.is_name = Some(false),
            }
            if next.is_alphanumeric() && self.text.contains(' ') || self.text.len() > MAX {
                self.is_name = Some(false);
            }
            if self.is_name.is_some() {
                self.text.truncate(self.text.trim_end().len());
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Unit;
    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Tuple(u8);
    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Named {
        field: u8,
    }
    #[derive(Debug)]
    enum Many {
        NotFound,
    }
    struct Shows(&'static str);
    impl fmt::Debug for Shows {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    #[test]
    fn the_name_is_what_debug_begins_with() {
        assert_eq!(name_of(&Unit), "Unit");
        assert_eq!(name_of(&Tuple(1)), "Tuple");
        assert_eq!(name_of(&Named { field: 1 }), "Named");
        assert_eq!(name_of(&Many::NotFound), "NotFound");
    }

    #[test]
    fn a_debug_that_is_prose_gives_no_name() {
        for prose in [
            "",
            "connection refused",
            "Connection refused",
            "Connection: refused",
            "\"text\"",
            "lower(1)",
            "[1]",
        ] {
            assert_eq!(name_of(&Shows(prose)), UNNAMED, "{prose}");
        }
    }

    #[test]
    fn the_name_of_a_type_has_no_path_and_no_parameters() {
        assert_eq!(name_of_type::<Named>(), "Named");
        assert_eq!(name_of_type::<Option<Vec<Named>>>(), "Option");
    }

    #[derive(Debug)]
    struct Loops;
    impl fmt::Display for Loops {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Loops {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Loops)
        }
    }

    #[test]
    fn an_error_that_is_its_own_source_ends() {
        let rules = Rules::new(json::Redaction::default(), 100_000);
        let describe = Describe {
            rules: &rules,
            stack_trace: true,
            seen: Seen::default(),
        };
        let mut pieces = Pieces::default();
        describe.error(&Loops, &mut pieces);
        let stack = pieces.get(b"stack_trace").unwrap().value();
        let stack: serde_json::Value = serde_json::from_slice(stack).unwrap();
        assert_eq!(stack["causes"].as_array().unwrap().len(), MAX_SOURCES);
        let text = pieces.get(b"exception").unwrap().value();
        assert_eq!(
            String::from_utf8_lossy(text).matches("caused by").count(),
            MAX_SOURCES
        );
    }
}
