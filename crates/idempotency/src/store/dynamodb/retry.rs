//! Writes that meet a transaction: the SDK does not try them again.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use powertools_core::SharedRandom;

const ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// Writes, again if a running transaction has the row.
pub(super) async fn past_transactions<T, E, F>(
    random: &SharedRandom,
    write: impl Fn() -> F,
) -> Result<T, SdkError<E>>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: ProvideErrorMetadata,
{
    let mut failed = 0;
    loop {
        match write().await {
            Err(error) if is_conflict(&error) => {
                failed += 1;
                if failed == ATTEMPTS {
                    return Err(error);
                }
                tokio::time::sleep(wait(failed, random.unit())).await;
            }
            result => return result,
        }
    }
}

fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("TransactionConflictException")
}

/// Twice as long each time, and of it a random part between a half and all: calls that met the
/// same transaction do not come back together.
fn wait(failed: u32, random: f64) -> Duration {
    FIRST_WAIT
        .saturating_mul(1 << (failed - 1).min(16))
        .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_at_least_a_half_is_waited() {
        let waits = |random| [1, 2, 3, 4, 5].map(|failed| wait(failed, random).as_micros());
        assert_eq!(waits(1.0), [25_000, 50_000, 100_000, 200_000, 400_000]);
        assert_eq!(waits(0.0), [12_500, 25_000, 50_000, 100_000, 200_000]);
    }
}
