use std::{borrow::Cow, error::Error, fmt};

use powertools_core::EnvError;

type BoxError = Box<dyn Error + Send + Sync>;

/// Longer names are cut in an error's text.
const SHOWN: usize = 64;

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricsErrorKind {
    /// The name of a metric is not one: blank, longer than 255 characters, with a control
    /// character, or `_aws`.
    Name,
    /// The value is not finite, or beyond ±2^360.
    Value,
    /// The text is none of the units.
    Unit,
    /// The resolution is neither 1 nor 60 seconds.
    Resolution,
    /// Name or value of a dimension cannot be one: blank, too long, not printable ASCII, or
    /// a name that begins with a colon.
    Dimension,
    /// The set has 29 dimensions already, `service` among them.
    DimensionLimit,
    /// A dimension set without dimensions, or one that is there already.
    DimensionSet,
    /// The name is taken: a metric and a dimension of one line cannot share it.
    Collision,
    /// The metadata cannot be written as JSON, or is called `_aws`.
    Metadata,
    /// The line has no room for it.
    Size,
    /// There is no namespace.
    Namespace,
    /// There is nothing to flush.
    Empty,
    /// An environment variable has a value that cannot be used.
    Environment,
    /// The sink could not take it.
    Sink,
    /// There is no `MetricsLayer` around this code.
    Detached,
}

impl MetricsErrorKind {
    /// How many there are.
    pub(crate) const COUNT: u32 = Self::Detached as u32 + 1;

    /// One word for it, the same in every version.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Value => "value",
            Self::Unit => "unit",
            Self::Resolution => "resolution",
            Self::Dimension => "dimension",
            Self::DimensionLimit => "dimension_limit",
            Self::DimensionSet => "dimension_set",
            Self::Collision => "collision",
            Self::Metadata => "metadata",
            Self::Size => "size",
            Self::Namespace => "namespace",
            Self::Empty => "empty",
            Self::Environment => "environment",
            Self::Sink => "sink",
            Self::Detached => "detached",
        }
    }

    /// What happened, and what to do.
    const fn text(self) -> &'static str {
        match self {
            Self::Name => {
                "a metric's name must have 1 to 255 characters without control characters, \
                 and not be _aws"
            }
            Self::Value => "a metric's value must be finite and within ±2^360",
            Self::Unit => "the unit is none that CloudWatch knows, such as Count or Milliseconds",
            Self::Resolution => "the resolution must be 1 or 60 seconds",
            Self::Dimension => {
                "a dimension must be printable ASCII and not blank, its name at most 250 \
                 characters without a colon at the beginning, its value at most 1024"
            }
            Self::DimensionLimit => "a set has at most 29 dimensions, service among them",
            Self::DimensionSet => "a dimension set must not be empty, nor be there already",
            Self::Collision => {
                "a metric and a dimension cannot have the same name in one line; rename one"
            }
            Self::Metadata => "the metadata cannot be written as JSON, or is called _aws",
            Self::Size => {
                "the line has no room for it; record less, or raise max_line_bytes if what \
                 reads the lines allows it"
            }
            Self::Namespace => {
                "there is no namespace that can be used; set POWERTOOLS_METRICS_NAMESPACE or the \
                 builder's namespace"
            }
            Self::Empty => "there are no metrics to flush",
            Self::Environment => "the environment has a value that cannot be used",
            Self::Sink => "the metrics could not be written",
            Self::Detached => "no MetricsLayer is around this code, so nothing keeps its metrics",
        }
    }
}

/// Why a metric, a dimension or metadata was refused, or a flush failed.
///
/// What is refused leaves everything else as it was. The error shows no value of a metric, of
/// a dimension or of metadata.
#[derive(Debug)]
pub struct MetricsError {
    kind: MetricsErrorKind,
    name: Option<Box<str>>,
    source: Option<BoxError>,
}

impl MetricsError {
    pub(crate) fn new(kind: MetricsErrorKind) -> Self {
        Self {
            kind,
            name: None,
            source: None,
        }
    }

    /// About something with this name.
    #[cold]
    pub(crate) fn named(kind: MetricsErrorKind, name: &str) -> Self {
        let name = match name.char_indices().nth(SHOWN) {
            Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
            None => Cow::Borrowed(name),
        };
        Self {
            name: Some(name.into()),
            ..Self::new(kind)
        }
    }

    pub(crate) fn environment(error: EnvError) -> Self {
        Self::new(MetricsErrorKind::Environment).because(error)
    }

    /// For sinks: the metrics could not be taken, and why.
    pub fn sink(source: impl Into<BoxError>) -> Self {
        Self::new(MetricsErrorKind::Sink).because(source)
    }

    /// For sinks: they cannot do without a namespace.
    #[must_use]
    pub fn no_namespace() -> Self {
        Self::new(MetricsErrorKind::Namespace)
    }

    /// For sinks whose names have to follow rules of their own: this one does not.
    #[must_use]
    pub fn bad_name(name: &str, source: impl Into<BoxError>) -> Self {
        Self::named(MetricsErrorKind::Name, name).because(source)
    }

    pub(crate) fn bad_namespace(why: MetricsConfigError) -> Self {
        Self::new(MetricsErrorKind::Namespace).because(why)
    }

    fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> MetricsErrorKind {
        self.kind
    }

    /// Whether there was nothing to flush.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind == MetricsErrorKind::Empty
    }

    /// Whether a sink failed. After [`Metrics::flush`](crate::Metrics::flush) the values are
    /// still there, and the next flush tries again; a value that was just added was not taken.
    #[must_use]
    pub fn is_sink(&self) -> bool {
        self.kind == MetricsErrorKind::Sink
    }
}

impl PartialEq for MetricsError {
    /// Of the same kind, about the same name.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name
    }
}

impl fmt::Display for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        match &self.name {
            Some(name) => write!(f, " (at {name:?})"),
            None => Ok(()),
        }
    }
}

impl Error for MetricsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &**self.source.as_ref()?;
        Some(source)
    }
}

/// Why a [`MetricsLayer`](crate::MetricsLayer) could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfigError {
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Namespace,
    Service,
    FunctionName,
    Dimension(Box<str>),
    MaxLine,
}

impl MetricsConfigError {
    pub(crate) fn namespace() -> Self {
        Self {
            what: What::Namespace,
        }
    }

    pub(crate) fn service() -> Self {
        Self {
            what: What::Service,
        }
    }

    pub(crate) fn function_name() -> Self {
        Self {
            what: What::FunctionName,
        }
    }

    pub(crate) fn dimension(name: &str) -> Self {
        let name = name.chars().take(SHOWN).collect::<String>().into();
        Self {
            what: What::Dimension(name),
        }
    }

    pub(crate) fn max_line() -> Self {
        Self {
            what: What::MaxLine,
        }
    }
}

impl fmt::Display for MetricsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Namespace => f.write_str(
                "the namespace must have 1 to 255 characters of 0-9 A-Z a-z . - _ / # : and \
                 space, not only spaces, and begin neither with a colon nor with AWS/",
            ),
            What::Service => f.write_str(
                "the service must be printable ASCII of 1 to 1024 characters, to be a dimension",
            ),
            What::FunctionName => f.write_str(
                "the function's name must be printable ASCII of 1 to 1024 characters, to be a \
                 dimension",
            ),
            What::Dimension(name) => write!(
                f,
                "the default dimension {name:?} is refused: names have at most 250 characters, \
                 values 1024, both of printable ASCII and not blank; a set holds at most 29, of \
                 which request metrics need three, and all of them leave room in a line"
            ),
            What::MaxLine => f.write_str("max_line_bytes must be at least 16 KiB"),
        }
    }
}

impl Error for MetricsConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_in_the_text() {
        let name = "é".repeat(300);
        let text = MetricsError::named(MetricsErrorKind::Name, &name).to_string();
        assert!(text.ends_with(&format!("(at \"{}…\")", "é".repeat(SHOWN))));
    }

    #[test]
    fn the_source_is_not_part_of_the_text() {
        let error = MetricsError::sink("the disk is full");
        assert_eq!(error.to_string(), "the metrics could not be written");
        assert_eq!(error.source().unwrap().to_string(), "the disk is full");
        assert!(error.is_sink() && !error.is_empty());
    }
}
