use std::{
    convert::Infallible,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use powertools_core::{Host, LayerError, test_util::lambda_event};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyConfig, IdempotencyErrorKind, IdempotencyLayer, KeyFormat,
    idempotent, store::IdempotencyStore,
};
use serde_json::value::RawValue;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::place::Place;

/// An idempotent function, as it is declared in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) level: Level,
    /// The expressions; none if empty.
    pub(crate) key: &'static str,
    pub(crate) validation: &'static str,
    pub(crate) prefix: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    /// `app.lambda_handler`
    Handler,
    /// `app.process_order`
    Function,
}

/// How a call of ours ended: whether its function ran, and its answer as it was written.
pub(crate) type Ours = (bool, Result<String, IdempotencyErrorKind>);

impl Function {
    pub(crate) const HANDLER: Self = Self {
        level: Level::Handler,
        key: "",
        validation: "",
        prefix: None,
    };

    pub(crate) const FUNCTION: Self = Self {
        level: Level::Function,
        ..Self::HANDLER
    };

    /// Its settings in our library.
    pub(crate) fn ours<P: Place>(self, place: &P, host: Host) -> IdempotencyBuilder<P::Store> {
        let id = match self.level {
            Level::Handler => "app.lambda_handler",
            Level::Function => "app.process_order",
        };
        let prefix = self.prefix.map(|prefix| place.prefix().to_owned() + prefix);
        IdempotencyConfig::builder(id, place.ours())
            .key_format(KeyFormat::Python)
            .key(self.key)
            .payload_validation(self.validation)
            .key_prefix(prefix.unwrap_or_default())
            .host(host)
    }

    /// A whole call of ours, of a function that would return this result.
    pub(crate) async fn call<St: IdempotencyStore>(
        self,
        builder: IdempotencyBuilder<St>,
        payload: &str,
        result: &str,
    ) -> Ours {
        let ran = Arc::new(AtomicBool::new(false));
        let (told, result) = (Arc::clone(&ran), raw(result));
        let run = move || {
            told.store(true, Ordering::Relaxed);
            ready(Ok::<_, Infallible>(result.clone()))
        };
        let answer = match self.level {
            Level::Handler => {
                let layer = IdempotencyLayer::new(builder.build_config().unwrap());
                let service = ServiceBuilder::new().layer(layer);
                let service = service.service(service_fn(move |_| run()));
                service.oneshot(lambda_event("r", raw(payload))).await
            }
            Level::Function => {
                let config = builder.build_config().unwrap();
                idempotent(&config, &raw(payload), run).await
            }
        };
        let answer = match answer {
            Ok(answer) => Ok(answer.get().to_owned()),
            Err(LayerError::Layer(error)) => Err(error.kind()),
            Err(LayerError::Inner(never)) => match never {},
            Err(other) => panic!("{other}"),
        };
        (ran.load(Ordering::Relaxed), answer)
    }
}

/// JSON that keeps its spelling.
pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}
