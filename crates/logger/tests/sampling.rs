//! Sampling: who is drawn, and what a drawn invocation writes.

mod support;

use std::{
    convert::Infallible,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use powertools_core::{
    Random, SharedRandom,
    test_util::{FixedRandom, TestContext},
};
use powertools_logger::{LoggerBuilder, LoggerLayer, refresh_sampling};
use support::{NO_ENV, host, install, line};
use tokio::{join, sync::Barrier};
use tracing::{debug, error, info, level_filters::LevelFilter, trace};

const RATE: &str = "POWERTOOLS_LOGGER_SAMPLE_RATE";

/// Draws the numbers that the test sets.
#[derive(Clone, Default)]
struct Draws(Arc<AtomicU64>);

impl Draws {
    /// Of 2^53.
    fn next_is(&self, number: u64) {
        self.0.store(number << 11, Ordering::Relaxed);
    }

    fn shared(&self) -> SharedRandom {
        SharedRandom::new(self.clone())
    }
}

impl Random for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.load(Ordering::Relaxed);
        bytes.copy_from_slice(&number.to_le_bytes());
    }
}

const ALL: u64 = 1 << 53;
const QUARTER: u64 = ALL / 4;

fn drawing(draws: &Draws) -> LoggerBuilder {
    let host = host(NO_ENV).with_random(draws.shared());
    LoggerLayer::builder().host(host).sampling_rate(0.25)
}

#[tokio::test]
async fn each_invocation_is_drawn_anew_and_up_to_the_rate_it_hits() {
    let draws = Draws::default();
    let bed = install(drawing(&draws));
    for (id, number) in [
        ("below", QUARTER - 1),
        ("equal", QUARTER),
        ("above", QUARTER + 1),
        ("below again", 0),
        ("far above", ALL - 1),
    ] {
        draws.next_is(number);
        bed.run(id, async || {
            debug!("details");
            info!("always");
        })
        .await;
    }
    let lines = bed.lines();
    let of = |message| {
        let found = lines.iter().filter(move |line| line["message"] == message);
        found
            .map(|line| line["function_request_id"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("details"), ["below", "equal", "below again"]);
    assert_eq!(of("always").len(), 5);
    // It is there in every line, drawn or not.
    assert!(lines.iter().all(|line| line["sampling_rate"] == 0.25));
}

#[tokio::test]
async fn outside_of_an_invocation_nobody_is_drawn() {
    let bed = install(drawing(&Draws::default()));
    debug!("of nobody");
    assert!(bed.messages().is_empty());
    assert_eq!(bed.logger.level(), LevelFilter::INFO);
}

#[tokio::test]
async fn the_level_of_a_drawn_invocation_is_debug_and_not_trace() {
    let draws = Draws::default();
    let bed = install(drawing(&draws).level(LevelFilter::ERROR));
    bed.run("drawn", async || {
        assert_eq!(bed.logger.level(), LevelFilter::DEBUG);
        trace!("trace");
        debug!("debug");
    })
    .await;
    assert_eq!(bed.logger.level(), LevelFilter::ERROR);
    assert_eq!(bed.messages(), ["debug"]);
}

#[tokio::test]
async fn a_logger_at_trace_loses_nothing_by_being_drawn() {
    let bed = install(drawing(&Draws::default()).level(LevelFilter::TRACE));
    bed.run("drawn", async || trace!("trace")).await;
    assert_eq!(bed.messages(), ["trace"]);
}

#[tokio::test]
async fn lambdas_own_level_holds_in_a_drawn_invocation() {
    let env = [("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let host = host(env).with_random(Draws::default().shared());
    let bed = install(LoggerLayer::builder().host(host).sampling_rate(1.0));
    let warned = bed.messages().len();
    bed.run("drawn", async || {
        assert_eq!(bed.logger.level(), LevelFilter::WARN);
        debug!("debug");
        info!("info");
        error!("error");
    })
    .await;
    assert_eq!(bed.messages()[warned..], ["error"]);
}

#[tokio::test]
async fn a_refresh_draws_again_for_this_invocation_alone() {
    let draws = Draws::default();
    let bed = install(drawing(&draws));
    let both = Barrier::new(2);
    let refreshed = bed.run("refreshed", async || {
        debug!("drawn at first");
        // The other has begun, and was drawn.
        both.wait().await;
        draws.next_is(ALL - 1);
        refresh_sampling();
        debug!("not drawn then");
        both.wait().await;
        draws.next_is(0);
        refresh_sampling();
        debug!("drawn at last");
    });
    let other = bed.run("other", async || {
        both.wait().await;
        both.wait().await;
        debug!("drawn once");
    });
    join!(refreshed, other);
    let mut messages = bed.messages();
    messages.sort();
    assert_eq!(messages, ["drawn at first", "drawn at last", "drawn once"]);
}

#[tokio::test]
async fn the_environment_gives_a_rate_and_code_overrules_it() {
    let env = || host([(RATE, " 1 ")]).with_random(FixedRandom::shared(0xff));
    for (builder, drawn) in [
        (LoggerLayer::builder().host(env()), true),
        (LoggerLayer::builder().host(env()).sampling_rate(0.0), false),
        (LoggerLayer::builder().host(host([(RATE, "")])), false),
    ] {
        let bed = install(builder);
        bed.run("r-1", async || debug!("details")).await;
        assert_eq!(!bed.messages().is_empty(), drawn);
    }
}

#[tokio::test]
async fn a_trace_id_decides_alike_in_two_functions() {
    // The last thirteen digits count: an eighth and seven eighths.
    let low = "Root=1-5759e988-bd862e3fe1b2000000000000;Parent=1";
    let high = "Root=1-5759e988-bd862e3fe1be000000000000;Parent=1";
    // Chance alone would decide the other way round in one of them.
    for byte in [0x00, 0xff] {
        let host = host(NO_ENV).with_random(FixedRandom::shared(byte));
        let bed = install(
            LoggerLayer::builder()
                .host(host)
                .sampling_rate(0.5)
                .sample_by_trace_id(true),
        );
        for (id, header) in [("low", low), ("high", high)] {
            let context = TestContext::new(id).xray_header(header);
            let handler = async || {
                debug!("details");
                Ok::<_, Infallible>(())
            };
            bed.invoke_with(context, handler).await.unwrap();
        }
        let lines = bed.lines();
        assert_eq!(line(&lines, "details")["function_request_id"], "low");
        // Without a trace, chance decides.
        bed.run("none", async || debug!("by chance")).await;
        let by_chance = bed.messages().iter().any(|message| message == "by chance");
        assert_eq!(by_chance, byte == 0x00);
    }
}

#[tokio::test]
async fn the_trace_id_decides_only_if_that_is_switched_on() {
    let low = "Root=1-5759e988-bd862e3fe1b0000000000001";
    let host = host(NO_ENV).with_random(FixedRandom::shared(0xff));
    let bed = install(LoggerLayer::builder().host(host).sampling_rate(0.5));
    let context = TestContext::new("r-1").xray_header(low);
    let handler = async || {
        debug!("details");
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(context, handler).await.unwrap();
    assert!(bed.messages().is_empty());
}

#[test]
fn a_rate_that_is_no_number_is_refused_in_code_and_environment() {
    for rate in [f64::NAN, f64::INFINITY] {
        let builder = LoggerLayer::builder().host(host(NO_ENV));
        assert!(builder.sampling_rate(rate).build().is_err(), "{rate}");
    }
    for word in ["often", "inf", "NaN", "50%"] {
        let error = LoggerLayer::builder().host(host([(RATE, word)])).build();
        let error = error.unwrap_err();
        let text = error.source().unwrap().to_string();
        // The value may be anything.
        assert!(text.contains(RATE) && !text.contains(word), "{text}");
    }
}
