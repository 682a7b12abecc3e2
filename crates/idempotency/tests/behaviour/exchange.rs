//! A request of a service of one's own.

use powertools_core::{InvocationRequest, Observe, Outcome};
use powertools_idempotency::{
    Exchange, ExchangeSettings, IdempotencyError, IdempotencyErrorKind as Kind, Identity, Kept,
};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Bed, Op};

#[derive(Debug, Clone)]
struct Job(&'static str);

impl InvocationRequest for Job {}

impl<Res, Err> Observe<Res, Err> for Job {
    fn outcome(result: &Result<Res, Err>) -> Outcome {
        if result.is_ok() {
            Outcome::Ok
        } else {
            Outcome::Fault
        }
    }
}

/// Negative answers are failures.
impl Exchange<i32, String> for Job {
    type Error = String;

    async fn identify(
        self,
        settings: &ExchangeSettings,
    ) -> Result<(Self, Identity), IdempotencyError> {
        let identity = settings.keys().of(&self.0)?;
        Ok((self, identity))
    }

    async fn keep(answer: i32, _: &Identity, settings: &ExchangeSettings) -> Kept<i32> {
        assert_eq!(settings.max_body_len(), 10 * 1024 * 1024);
        match answer {
            ..0 => Kept::Failure(answer),
            0 => Kept::Unstorable(Kind::Unstorable.into()),
            1 => Kept::Unstorable(Kind::ResponseBody.into()),
            _ => Kept::Answer(answer, answer.to_string()),
        }
    }

    fn replay(json: &str, _: &Identity) -> Result<i32, IdempotencyError> {
        json.parse().map_err(|_| Kind::UnreadableAnswer.into())
    }

    fn reject(error: IdempotencyError, _: &ExchangeSettings) -> Result<i32, String> {
        Err(format!("{:?}", error.kind()))
    }

    fn fail(error: String, unfinished: Option<IdempotencyError>) -> String {
        format!("{error} {:?}", unfinished.map(|error| error.kind()))
    }
}

async fn call(bed: &Bed, answer: Result<i32, &'static str>) -> Result<i32, String> {
    let runs = bed.runs.clone();
    let service = service_fn(move |_: Job| {
        runs.add();
        let answer = answer.map_err(ToOwned::to_owned);
        async move { answer }
    });
    bed.layer().layer(service).oneshot(Job("k")).await
}

#[tokio::test]
async fn its_answers_are_kept_and_replayed() {
    let bed = Bed::default();
    for _ in 0..2 {
        assert_eq!(call(&bed, Ok(7)).await, Ok(7));
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn what_is_kept_of_an_answer_decides_what_becomes_of_the_record() {
    for (answer, given, calls) in [
        (-1, Ok(-1), vec![Op::Claim, Op::Release]),
        (0, Err("Unstorable".to_owned()), vec![Op::Claim]),
        (1, Err("ResponseBody".to_owned()), vec![Op::Claim]),
        (2, Ok(2), vec![Op::Claim, Op::Complete]),
    ] {
        let bed = Bed::default();
        assert_eq!(call(&bed, Ok(answer)).await, given);
        crate::support::background().await;
        assert_eq!(bed.store.calls(), calls, "{answer}");
    }
}

#[tokio::test]
async fn its_errors_are_told_what_is_unfinished() {
    let bed = Bed::default();
    assert_eq!(call(&bed, Err("no")).await.unwrap_err(), "no None");
    bed.store
        .fail(Op::Release, powertools_idempotency::StoreErrorKind::Other);
    assert_eq!(call(&bed, Err("no")).await.unwrap_err(), "no Some(Release)");
}

#[tokio::test]
async fn what_the_layer_has_to_say_is_what_it_makes_of_it() {
    let bed = Bed::default();
    bed.store
        .fail(Op::Claim, powertools_idempotency::StoreErrorKind::Other);
    assert_eq!(call(&bed, Ok(2)).await.unwrap_err(), "Claim");
}
