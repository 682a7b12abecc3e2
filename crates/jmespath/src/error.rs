use std::{error, fmt};

use crate::argument_type::ArgumentType;

/// An expression that cannot be built, or a search that cannot be answered.
///
/// The text tells what to do. It holds names and positions of the expression and types of
/// values, never a value of the data.
#[derive(Debug)]
pub struct Error(Box<Kind>);

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is no JMESPath.
    Syntax,
    /// The text is empty.
    EmptyExpression,
    /// The text is longer than the limit.
    TooLong,
    /// The text nests deeper than the limit.
    TooDeep,
    /// A function that is not in the set.
    UnknownFunction,
    /// A function with too few or too many arguments.
    Arity,
    /// A function got an argument of a type that it does not take.
    ArgumentType,
    /// A value outside of what the operation is defined for: a slice with step 0, a sum that
    /// is no finite number.
    InvalidValue,
    /// `powertools_json` got text that is no JSON.
    BadJson,
    /// Text that is no base64.
    BadBase64,
    /// `powertools_base64_gzip` got bytes that are no gzip, cut off or damaged.
    BadGzip,
    /// Decoded bytes that are no UTF-8.
    BadUtf8,
    /// A string and a number in `<`, `<=`, `>` or `>=`.
    Incomparable,
    /// Inflated data, or what a search builds, is larger than the limit.
    TooLarge,
    /// A function of the user failed; [`source`](error::Error::source) is its error.
    Function,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Syntax {
        position: usize,
    },
    EmptyExpression,
    TooLong {
        limit: usize,
    },
    TooDeep {
        limit: usize,
    },
    UnknownFunction {
        function: Box<str>,
    },
    Arity {
        function: Box<str>,
        expected: usize,
        or_more: bool,
        got: usize,
    },
    ArgumentType {
        function: Box<str>,
        argument: usize,
        expected: ArgumentType,
        got: &'static str,
    },
    ExpressionMissing {
        function: Box<str>,
        argument: usize,
    },
    ExpressionGiven {
        function: Box<str>,
        argument: usize,
    },
    KeyType {
        function: &'static str,
        expected: &'static str,
        got: &'static str,
    },
    SliceStep,
    NotFinite,
    Json {
        line: usize,
        column: usize,
    },
    Base64,
    Gzip,
    Utf8,
    Incomparable,
    Inflated {
        limit: usize,
    },
    Steps {
        limit: usize,
    },
    Function {
        function: Box<str>,
        source: Box<dyn error::Error + Send + Sync>,
    },
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match *self.0 {
            Kind::Syntax { .. } => ErrorKind::Syntax,
            Kind::EmptyExpression => ErrorKind::EmptyExpression,
            Kind::TooLong { .. } => ErrorKind::TooLong,
            Kind::TooDeep { .. } => ErrorKind::TooDeep,
            Kind::UnknownFunction { .. } => ErrorKind::UnknownFunction,
            Kind::Arity { .. } => ErrorKind::Arity,
            Kind::ArgumentType { .. }
            | Kind::ExpressionMissing { .. }
            | Kind::ExpressionGiven { .. }
            | Kind::KeyType { .. } => ErrorKind::ArgumentType,
            Kind::SliceStep | Kind::NotFinite => ErrorKind::InvalidValue,
            Kind::Json { .. } => ErrorKind::BadJson,
            Kind::Base64 => ErrorKind::BadBase64,
            Kind::Gzip => ErrorKind::BadGzip,
            Kind::Utf8 => ErrorKind::BadUtf8,
            Kind::Incomparable => ErrorKind::Incomparable,
            Kind::Inflated { .. } | Kind::Steps { .. } => ErrorKind::TooLarge,
            Kind::Function { .. } => ErrorKind::Function,
        }
    }

    /// The kind's word that Powertools in every language shares, such as `bad_json`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }
}

impl ErrorKind {
    /// The word that Powertools in every language shares, such as `bad_json`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::EmptyExpression => "empty_expression",
            Self::TooLong => "too_long",
            Self::TooDeep => "too_deep",
            Self::UnknownFunction => "unknown_function",
            Self::Arity => "arity",
            Self::ArgumentType => "argument_type",
            Self::InvalidValue => "invalid_value",
            Self::BadJson => "bad_json",
            Self::BadBase64 => "bad_base64",
            Self::BadGzip => "bad_gzip",
            Self::BadUtf8 => "bad_utf8",
            Self::Incomparable => "incomparable",
            Self::TooLarge => "too_large",
            Self::Function => "function_failed",
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Syntax { position } => write!(
                f,
                "expression is no jmespath: correct it at byte {position}"
            ),
            Kind::EmptyExpression => f.write_str("expression is empty: use `@` for the whole data"),
            Kind::TooLong { limit } => {
                write!(f, "expression is too long: keep it within {limit} bytes")
            }
            Kind::TooDeep { limit } => write!(
                f,
                "expression nests too deeply: keep it within {limit} operators and brackets in one \
                 another"
            ),
            Kind::UnknownFunction { function } => write!(
                f,
                "function `{function}` is unknown: correct its name or add it to the functions"
            ),
            Kind::Arity {
                function,
                expected,
                or_more,
                got,
            } => write!(
                f,
                "function `{function}` takes {expected}{} argument{}, not {got}: correct the call",
                if *or_more { " or more" } else { "" },
                if *expected == 1 { "" } else { "s" },
            ),
            Kind::ArgumentType {
                function,
                argument,
                expected,
                got,
            } => write!(
                f,
                "argument {argument} of function `{function}` is {got}: give it {expected}"
            ),
            Kind::ExpressionMissing { function, argument } => write!(
                f,
                "argument {argument} of function `{function}` is no expression: write `&` before it"
            ),
            Kind::ExpressionGiven { function, argument } => write!(
                f,
                "argument {argument} of function `{function}` is an expression: remove its `&`"
            ),
            Kind::KeyType {
                function,
                expected,
                got,
            } => write!(
                f,
                "a key of function `{function}` is {got}: let its expression give {expected}"
            ),
            Kind::SliceStep => f.write_str("step of a slice is 0: use another step"),
            Kind::NotFinite => f.write_str("result is no finite number: use smaller numbers"),
            Kind::Json { line, column } => write!(
                f,
                "text is no json: correct it at line {line}, column {column}"
            ),
            Kind::Base64 => f.write_str("text is no base64: check its letters and padding"),
            Kind::Gzip => f.write_str("data is no gzip, cut off or damaged: check its source"),
            Kind::Utf8 => f.write_str("decoded data is no utf-8: decode only text"),
            Kind::Incomparable => f.write_str(
                "a string and a number have no order: convert one with `to_number` or `to_string`",
            ),
            Kind::Inflated { limit } => write!(
                f,
                "inflated data is larger than {limit} bytes: raise `max_inflated` if you trust it"
            ),
            Kind::Steps { limit } => write!(
                f,
                "search takes more than {limit} steps: use a simpler expression or smaller data, or \
                 raise `max_inflated` if you trust both"
            ),
            Kind::Function { function, .. } => {
                write!(f, "function `{function}` failed: see its own error")
            }
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &*self.0 {
            Kind::Function { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}
