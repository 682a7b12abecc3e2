use std::sync::Arc;

use powertools_core::{Host, SharedWriter};
use tracing::level_filters::LevelFilter;

use crate::{LoggerConfigError, LoggerLayer, level};

/// Builder of a [`LoggerLayer`].
///
/// What is not set comes from the environment.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder builds nothing until `build`"]
pub struct LoggerBuilder {
    host: Host,
    level: Option<LevelFilter>,
    output: SharedWriter,
    service: Option<String>,
}

impl LoggerBuilder {
    /// The value of the key `service`. Default: `POWERTOOLS_SERVICE_NAME`, else
    /// `service_undefined`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The lowest level that is written. Default: `POWERTOOLS_LOG_LEVEL`, else
    /// `LOG_LEVEL`, else INFO. Lambda's own `AWS_LAMBDA_LOG_LEVEL` overrules it.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.level = Some(level.into());
        self
    }

    /// Where lines are written. Default: the standard output.
    pub fn output(mut self, output: SharedWriter) -> Self {
        self.output = output;
        self
    }

    /// Environment, clock and cold start. Default: the process's own.
    pub fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// `POWERTOOLS_LOG_LEVEL` or `LOG_LEVEL` names a level that does not exist.
    pub fn build(self) -> Result<LoggerLayer, LoggerConfigError> {
        let env = self.host.env();
        let level = level::resolve(env, self.level)?;
        let service = self
            .service
            .or_else(|| env.get_non_empty("POWERTOOLS_SERVICE_NAME"))
            .unwrap_or_else(|| "service_undefined".to_owned());
        let Self { host, output, .. } = self;
        Ok(LoggerLayer::new(Arc::new(Settings {
            host,
            level,
            output,
            service,
        })))
    }
}

/// What a logger was built with. Never changes.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) host: Host,
    pub(crate) level: LevelFilter,
    pub(crate) output: SharedWriter,
    pub(crate) service: String,
}
