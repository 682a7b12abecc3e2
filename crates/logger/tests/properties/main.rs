//! Whatever comes in, what goes out is one line of valid JSON within its limits, and a
//! visible mark stands where something was cut.

mod any;
mod line;
mod logger;
mod work;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Env, Host,
    test_util::{CapturedOutput, TestContext},
};
use powertools_logger::{LoggerLayer, append_key, fields};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    any::{AnyBytes, id, text, value},
    line::check,
    logger::{block_on, run, settings},
    work::work,
};

/// What must show: the whole value, or a mark.
fn is_shown_or_marked(shown: &Value, given: &Value) -> bool {
    let text = shown.to_string();
    let marks = ["[cut]", "[too deep]", "\"***\"", "[cannot be serialized]"];
    // Through the same parser, which reads some floats one bit off.
    let given: Option<Value> = serde_json::from_str(&given.to_string()).ok();
    Some(shown) == given.as_ref() || marks.iter().any(|mark| text.contains(mark))
}

/// What the lines of the test have, if there is room.
const ALWAYS: [&str; 6] = [
    "service",
    "cold_start",
    "function_name",
    "function_memory_size",
    "function_arn",
    "function_request_id",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_line_of_an_invocation_is_whole(
        settings in settings(),
        work in work(),
        id in id(),
        event in value(),
        request_id in text(),
    ) {
        let output = CapturedOutput::default();
        let logger = settings
            .builder(&output)
            .correlation_id(AnyBytes(id))
            .log_event(true)
            .build()
            .unwrap();
        run(&logger, || {
            let handler = service_fn(async |_: LambdaEvent<Value>| work.run().await);
            let event = TestContext::new(&request_id)
                .tenant_id(&request_id)
                .event(event);
            let answer = block_on(logger.layer(handler).oneshot(event));
            assert_eq!(answer.is_err(), work.error.is_some());
        });
        // The event, three lines, an error, the canonical line, and warnings.
        let lines = check(&output, settings.max_line)?;
        prop_assert!(lines.len() >= 5 + usize::from(work.error.is_some()), "{}", lines.len());
    }

    #[test]
    fn every_line_outside_of_an_invocation_is_whole(settings in settings(), work in work()) {
        let output = CapturedOutput::default();
        let logger = settings.builder(&output).build().unwrap();
        run(&logger, || block_on(work.run()).unwrap_or_default());
        prop_assert!(check(&output, settings.max_line)?.len() >= 3);
    }

    #[test]
    fn what_is_not_shown_whole_has_a_mark(
        max_line in 1024_usize..8000,
        max_field in 0_usize..4000,
        message in text(),
        values in vec(value(), 0..12),
    ) {
        let output = CapturedOutput::default();
        let logger = LoggerLayer::builder()
            .host(Host::default().with_env(Env::from_iter([("", "")])))
            .output(output.writer())
            .max_line_bytes(max_line)
            .max_field_bytes(max_field)
            .build()
            .unwrap();
        let name = |index| format!("key {index}");
        run(&logger, || {
            let handler = service_fn(async |_: LambdaEvent<()>| {
                for (index, value) in values.iter().enumerate() {
                    append_key(&name(index), value);
                }
                tracing::info!("{message}");
                Ok::<_, Infallible>(())
            });
            block_on(logger.layer(handler).oneshot(TestContext::new("r").event(()))).unwrap();
        });
        let mut lines = check(&output, max_line)?;
        prop_assert_eq!(lines.len(), 1);
        let line = lines.remove(0);
        prop_assert!(is_shown_or_marked(&line["message"], &Value::from(message)));
        let mut missing = 0;
        for (index, value) in values.iter().enumerate() {
            match line.get(&name(index)) {
                Some(shown) => prop_assert!(is_shown_or_marked(shown, value), "{shown} {value}"),
                None if value.is_null() => {}
                None => missing += 1,
            }
        }
        missing += ALWAYS.iter().filter(|key| !line.contains_key(**key)).count();
        let left_out = line.get("keys_left_out").map_or(0, |count| count.as_u64().unwrap());
        prop_assert_eq!(left_out, missing as u64, "{}", output.text());
        if left_out > 0 {
            // Only where there was no room.
            prop_assert!(output.text().len() + 300 > max_line);
        }
    }

    #[test]
    fn long_names_stay_apart_and_show_their_beginning(
        names in btree_set("[a-z\"]{1,3}", 1..5),
        length in 200_usize..300,
    ) {
        let long: BTreeSet<_> = names.iter().map(|name| format!("{name:0<length$}")).collect();
        let output = CapturedOutput::default();
        let logger = LoggerLayer::builder().output(output.writer()).build().unwrap();
        let keys: BTreeMap<_, _> = long.iter().map(|name| (name, 1)).collect();
        run(&logger, || tracing::info!(all = ?fields(&keys)));
        let lines = check(&output, 255 * 1024)?;
        for name in &long {
            let shown = lines[0].keys().any(|key| {
                key == name || key.strip_suffix("…[cut]").is_some_and(|begin| name.starts_with(begin))
            });
            prop_assert!(shown, "{}", name);
        }
    }
}

#[test]
fn the_properties_reach_what_they_are_about() {
    // Each kind of mark, and of trouble, comes up in the runs above.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = [false; 4];
    let strategy = (settings(), work());
    for _ in 0..300 {
        let (settings, work) =
            proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        let output = CapturedOutput::default();
        let logger = settings.builder(&output).build().unwrap();
        run(&logger, || block_on(work.run()).unwrap_or_default());
        let text = output.text();
        let marks = ["…[cut]", "[too deep]", "\"***\"", "keys_left_out\":"];
        for (seen, mark) in seen.iter_mut().zip(marks) {
            *seen |= text.contains(mark);
        }
    }
    assert_eq!(seen, [true; 4]);
}
