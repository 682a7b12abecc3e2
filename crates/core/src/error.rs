use std::{error::Error, fmt};

type BoxError = Box<dyn Error + Send + Sync>;

/// The error of a layer that can fail by itself: the handler's own error,
/// untouched, or the layer's.
///
/// It turns into `lambda_runtime`'s `Diagnostic` and into a boxed error by
/// forwarding what is inside, so that `lambda_runtime::run` and `tower`'s
/// layers take it as they would take the handler's own.
///
/// It is not an [`Error`] itself: that would forbid the conversion of
/// handler errors that are none either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerError<E, L> {
    /// What the handler returned.
    Inner(E),
    /// What the layer itself has to say.
    Layer(L),
}

impl<E, L> LayerError<E, L> {
    /// The handler's error, if it is one.
    #[must_use]
    pub fn as_inner(&self) -> Option<&E> {
        match self {
            Self::Inner(error) => Some(error),
            Self::Layer(_) => None,
        }
    }

    /// The layer's error, if it is one.
    #[must_use]
    pub fn as_layer(&self) -> Option<&L> {
        match self {
            Self::Inner(_) => None,
            Self::Layer(error) => Some(error),
        }
    }
}

impl<E: fmt::Display, L: fmt::Display> fmt::Display for LayerError<E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inner(error) => error.fmt(f),
            Self::Layer(error) => error.fmt(f),
        }
    }
}

impl<E: Into<BoxError>, L: Into<BoxError>> From<LayerError<E, L>> for BoxError {
    fn from(error: LayerError<E, L>) -> Self {
        match error {
            LayerError::Inner(error) => error.into(),
            LayerError::Layer(error) => error.into(),
        }
    }
}

#[cfg(feature = "lambda")]
impl<E, L> From<LayerError<E, L>> for lambda_runtime::Diagnostic
where
    E: Into<Self>,
    L: Into<Self>,
{
    fn from(error: LayerError<E, L>) -> Self {
        match error {
            LayerError::Inner(error) => error.into(),
            LayerError::Layer(error) => error.into(),
        }
    }
}
