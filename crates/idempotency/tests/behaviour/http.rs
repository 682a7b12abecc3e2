//! Around an http service.

use http::{HeaderValue, Method, Request, Response, StatusCode};
use powertools_core::test_util::TestContext;
use powertools_idempotency::{Answer, Replayed, ReplayedRecord, Status};
use serde_json::{Value, json};

use crate::support::{
    Bed, LEASE, MILLIS, Op, Text, ask, http_bed, keyed, moment, read, secs, text_of,
};

fn with_method(method: &Method) -> Request<Text> {
    let mut request = keyed("");
    *request.method_mut() = method.clone();
    request
}

#[tokio::test]
async fn method_status_headers_and_body_are_kept_in_the_proxy_shape() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let created = |_| {
        let answer = Response::builder()
            .status(201)
            .header("location", "/orders/1");
        answer.body(Text::from("made")).unwrap()
    };
    ask(&bed.runs, &layer, keyed(""), created).await;
    let record = bed.record().await;
    let Some(Answer::Response(json)) = record.answer() else {
        panic!("{record:?}");
    };
    assert_eq!(
        json.parse::<Value>().unwrap(),
        json!({
            "httpMethod": "POST",
            "statusCode": 201,
            "multiValueHeaders": {"location": ["/orders/1"]},
            "body": "made",
            "isBase64Encoded": false,
        })
    );
    let again = ask(&bed.runs, &layer, keyed(""), |_| text_of("again")).await;
    assert_eq!(again.headers()["location"], "/orders/1");
    assert_eq!(again.headers().len(), 1);
    assert_eq!(read(again).await, (201, "made".into()));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn only_an_answer_that_is_given_again_says_so() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    for run in 0..3 {
        let answer = ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
        assert_eq!(answer.extensions().get(), (run > 0).then_some(&Replayed));
    }
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    let refused = ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    assert_eq!(refused.extensions().get::<Replayed>(), None);
}

#[tokio::test]
async fn headers_of_the_connection_are_left_out_and_repeated_ones_kept() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let answers = |_| {
        let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
        let answer = Response::builder()
            .header("set-cookie", "a=1; HttpOnly")
            .header("set-cookie", "b=2")
            .header("connection", "keep-alive, x-hop")
            .header("keep-alive", "timeout=5")
            .header("transfer-encoding", "chunked")
            .header("upgrade", "h2c")
            .header("x-hop", "1")
            .header("x-latin", latin);
        answer.body(Text::from("a")).unwrap()
    };
    let first = ask(&bed.runs, &layer, keyed(""), answers).await;
    assert_eq!(
        first.headers()["connection"],
        "keep-alive, x-hop",
        "it is the service's own"
    );
    let again = ask(&bed.runs, &layer, keyed(""), answers).await;
    let cookies: Vec<_> = again.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
    assert_eq!(again.headers()["x-latin"].as_bytes(), b"caf\xe9");
    assert_eq!(again.headers().len(), 3, "{:?}", again.headers());
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn answers_that_are_not_final_are_not_kept() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        let (bed, builder) = http_bed();
        let layer = builder.build().unwrap();
        for run in 1..3 {
            let answers = move |_| {
                let answer = Response::builder().status(status).header("x-mine", "1");
                answer.body(Text::from("mine")).unwrap()
            };
            let answer = ask(&bed.runs, &layer, keyed(""), answers).await;
            assert_eq!(answer.headers()["x-mine"], "1");
            assert_eq!(read(answer).await, (status, "mine".into()));
            assert_eq!(bed.runs.count(), run, "{status}");
            assert_eq!(bed.status().await, None, "{status}");
        }
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Release].repeat(2));
    }
}

#[tokio::test]
async fn all_other_answers_are_final() {
    for status in [200, 204, 302, 304, 400, 401, 404, 409, 422, 451, 499] {
        let (bed, builder) = http_bed();
        let layer = builder.build().unwrap();
        for _ in 0..2 {
            let answers = move |_| {
                let answer = Response::builder().status(status);
                answer.body(Text::from("")).unwrap()
            };
            let answer = ask(&bed.runs, &layer, keyed(""), answers).await;
            assert_eq!(answer.status(), status);
        }
        assert_eq!(bed.runs.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn keep_status_says_which_are_final() {
    let (bed, builder) = http_bed();
    let keeps = |status: StatusCode| status == 500;
    let layer = builder.keep_status(keeps).build().unwrap();
    for (status, kept) in [(500, true), (200, false), (503, false)] {
        bed.store.records.clear();
        let before = bed.runs.count();
        for _ in 0..2 {
            let answers = move |_| {
                let answer = Response::builder().status(status);
                answer.body(Text::from("")).unwrap()
            };
            let answer = ask(&bed.runs, &layer, keyed(""), answers).await;
            assert_eq!(answer.status(), status);
        }
        assert_eq!(
            bed.runs.count() - before,
            if kept { 1 } else { 2 },
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_answer_to_one_method_is_none_to_another() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    ask(&bed.runs, &layer, with_method(&Method::POST), |_| {
        text_of("a")
    })
    .await;
    for method in [Method::DELETE, Method::GET, Method::PUT] {
        let answer = ask(&bed.runs, &layer, with_method(&method), |_| text_of("b")).await;
        assert_eq!(answer.status(), 422, "{method}");
    }
    let again = ask(&bed.runs, &layer, with_method(&Method::POST), |_| {
        text_of("b")
    })
    .await;
    assert_eq!(read(again).await, (200, "a".into()));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn an_answer_of_another_language_without_a_method_is_given_to_any() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    let python = r#"{"statusCode": 202, "headers": {"X-From": "python"}, "body": "p"}"#;
    let record = powertools_idempotency::StoredRecord::new(Status::Completed, i64::MAX)
        .with_answer(Answer::Response(python.into()));
    bed.store
        .records
        .insert(bed.store.records.keys()[0].clone(), record);
    let answer = ask(&bed.runs, &layer, with_method(&Method::PUT), |_| {
        text_of("b")
    })
    .await;
    assert_eq!(answer.headers()["x-from"], "python");
    assert_eq!(read(answer).await, (202, "p".into()));
}

#[tokio::test]
async fn the_lease_is_taken_from_the_context_that_lambda_http_puts_there() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let context = TestContext::new("r").deadline(moment() + secs(7)).build();
    let mut request = keyed("");
    request.extensions_mut().insert(context);
    ask(&bed.runs, &layer, request, |_| text_of("a")).await;
    assert_eq!(
        bed.record().await.in_progress_expiration(),
        Some(MILLIS + 7000)
    );
    bed.store.records.clear();
    ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    assert_eq!(
        bed.record().await.in_progress_expiration(),
        Some(MILLIS + LEASE)
    );
}

#[tokio::test]
async fn a_hook_sees_the_answer_that_is_given_again() {
    let (bed, builder) = http_bed();
    let marks = |mut answer: Response<Text>, record: &ReplayedRecord<'_>| {
        let key = HeaderValue::from_str(record.key())?;
        answer.headers_mut().insert("x-replayed", key);
        Ok(answer)
    };
    let layer = builder.response_hook(marks).build().unwrap();
    let first = ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    assert!(!first.headers().contains_key("x-replayed"));
    let again = ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    assert_eq!(
        again.headers()["x-replayed"],
        bed.store.records.keys()[0].as_str()
    );
}

#[tokio::test]
async fn without_a_key_it_runs_each_time() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    for run in 1..3 {
        let mut request = keyed("");
        request.headers_mut().clear();
        ask(&bed.runs, &layer, request, |_| text_of("a")).await;
        assert_eq!(bed.runs.count(), run);
    }
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn the_local_cache_serves_it_too() {
    let (bed, builder) = http_bed();
    let layer = builder.local_cache(8).build().unwrap();
    ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    bed.store.calls();
    let again = ask(&bed.runs, &layer, keyed(""), |_| text_of("b")).await;
    assert_eq!(read(again).await, (200, "a".into()));
    assert_eq!(bed.store.calls(), []);
    let other = ask(&bed.runs, &layer, with_method(&Method::PUT), |_| {
        text_of("b")
    })
    .await;
    assert_eq!(other.status(), 422);
}

#[tokio::test]
async fn the_key_may_be_of_method_path_and_query() {
    let bed = Bed::default();
    let builder = bed
        .builder()
        .key("[httpMethod, path, queryStringParameters.id]");
    let layer = builder.build().unwrap();
    for (uri, run) in [
        ("/a?id=1", 1),
        ("/b?id=1", 2),
        ("/a?id=2", 3),
        ("/a?id=1&x=2", 3),
    ] {
        let request = Request::builder().uri(uri).body(Text::from("")).unwrap();
        ask(&bed.runs, &layer, request, |_| text_of("a")).await;
        assert_eq!(bed.runs.count(), run, "{uri}");
    }
}
