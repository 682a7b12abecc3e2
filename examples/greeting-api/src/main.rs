//! The greeting API as a program; see the library beside it for what it does.

use std::{error::Error, process::ExitCode};

use greeting_api::TABLE;
#[cfg(feature = "aws")]
use powertools::idempotency::DynamoDbStore;
use powertools::{
    core::Env,
    idempotency::{IdempotencyStore, InMemoryStore},
    logger::{CorrelationIdPath, LoggerLayer},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("greeting-api: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    #[cfg(feature = "local")]
    if let Some(front) = powertools_local::Front::outside_lambda() {
        return Ok(front.example("/greeting").serve().await?);
    }
    #[cfg(not(feature = "local"))]
    require_lambda()?;

    match Env::process().get_non_empty(TABLE) {
        #[cfg(feature = "aws")]
        Some(table) => serve_from(&table).await,
        // Keys in memory where a table is named would not be noticed.
        #[cfg(not(feature = "aws"))]
        Some(_) => Err(format!("{TABLE} is set; build with the feature `aws` to use it").into()),
        None => serve(InMemoryStore::new()).await,
    }
}

async fn serve(store: impl IdempotencyStore) -> Result<(), Box<dyn Error + Send + Sync>> {
    let logger = LoggerLayer::builder()
        .correlation_id(CorrelationIdPath::API_GATEWAY_REST)
        .build()?;
    logger.init()?;
    let metrics = greeting_api::metrics().build()?;
    let idempotency = greeting_api::idempotency(store).build()?;
    lambda_http::run_concurrent(greeting_api::function(logger, metrics, idempotency)).await
}

#[cfg(feature = "aws")]
async fn serve_from(table: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    serve(DynamoDbStore::new(client, table)).await
}

/// Without this, the runtime panics about the first variable that it misses.
#[cfg(not(feature = "local"))]
fn require_lambda() -> Result<(), &'static str> {
    let env = Env::process();
    match env.get_non_empty("AWS_LAMBDA_RUNTIME_API") {
        Some(_) => Ok(()),
        None => Err(
            "this build runs in Lambda only, and AWS_LAMBDA_RUNTIME_API is not set; \
             build it with the feature `local` to run it here",
        ),
    }
}
