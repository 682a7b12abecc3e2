//! Keys for a part of the code.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
};

use powertools_logger::{
    WithKeys, append_context_keys, append_key, append_keys, clear_state, remove_keys,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tracing::info;

use crate::support::{block_on, builder, invoked, keys_of, lines, logged, only};

fn value<'a>(lines: &'a [Value], message: &str, key: &str) -> Option<&'a Value> {
    let line = lines.iter().find(|line| line["message"] == message);
    line.unwrap_or_else(|| panic!("no line {message}")).get(key)
}

#[test]
fn the_keys_of_a_scope_go_with_its_guard_and_the_outer_value_is_back() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"user": 0, "order": 0}));
        let outer = append_context_keys(&json!({"user": 1}));
        info!("outer");
        {
            let _inner = append_context_keys(&json!({"user": 2, "item": 2}));
            info!("inner");
        }
        info!("outer again");
        drop(outer);
        info!("none");
    });
    let lines = output.json();
    for (message, user, item) in [
        ("outer", 1, None),
        ("inner", 2, Some(&json!(2))),
        ("outer again", 1, None),
        ("none", 0, None),
    ] {
        assert_eq!(
            value(&lines, message, "user"),
            Some(&json!(user)),
            "{message}"
        );
        assert_eq!(value(&lines, message, "item"), item, "{message}");
        assert_eq!(value(&lines, message, "order"), Some(&json!(0)));
    }
}

#[test]
fn a_scope_needs_no_invocation() {
    let lines = lines(|| {
        let keys = append_context_keys(&json!({"a": 1}));
        info!("with");
        drop(keys);
        info!("without");
    });
    assert_eq!(value(&lines, "with", "a"), Some(&json!(1)));
    assert_eq!(value(&lines, "without", "a"), None);
}

#[test]
fn guards_may_go_in_any_order() {
    let lines = lines(|| {
        let first = append_context_keys(&json!({"a": 1, "b": 1}));
        let second = append_context_keys(&json!({"a": 2}));
        drop(first);
        info!("second");
        drop(second);
        info!("none");
    });
    assert_eq!(value(&lines, "second", "a"), Some(&json!(2)));
    assert_eq!(value(&lines, "second", "b"), None);
    assert_eq!(value(&lines, "none", "a"), None);
}

#[test]
fn keys_are_in_the_order_of_their_first_appearance() {
    let output = invoked(builder(), async || {
        append_key("first", &1);
        let _scope = append_context_keys(&json!({"second": 2, "first": 2}));
        append_key("third", &3);
        info!("hello");
    });
    let keys = keys_of(&output.text());
    assert!(
        keys.ends_with(&["first", "second", "third"].map(ToOwned::to_owned)),
        "{keys:?}"
    );
    assert_eq!(only(&output)["first"], 2);
}

#[test]
fn after_a_panic_the_scope_is_closed() {
    let lines = lines(|| {
        let panicked = catch_unwind(|| {
            let _keys = append_context_keys(&json!({"a": 1}));
            std::panic::resume_unwind(Box::new("in the scope"));
        });
        assert!(panicked.is_err());
        info!("after");
    });
    assert_eq!(value(&lines, "after", "a"), None);
}

#[test]
fn null_in_a_scope_hides_a_key_and_reserved_names_are_dropped() {
    let output = invoked(builder(), async || {
        append_key("a", &1);
        let _scope = append_context_keys(&json!({"a": null, "level": "mine", "service": "mine"}));
        info!("inside");
    });
    let lines = output.json();
    assert_eq!(value(&lines, "inside", "a"), None);
    assert_eq!(value(&lines, "inside", "level"), Some(&json!("INFO")));
    assert_eq!(value(&lines, "inside", "service"), Some(&json!("mine")));
    assert_eq!(lines.len(), 2, "a warning and a line: {lines:?}");
}

#[test]
fn a_field_comes_before_a_scope_and_a_scope_before_what_is_appended() {
    let output = invoked(builder().key("a", 0), async || {
        let _scope = append_context_keys(&json!({"a": 2}));
        append_key("a", &1);
        info!("scope");
        info!(a = 3, "field");
    });
    let lines = output.json();
    assert_eq!(value(&lines, "scope", "a"), Some(&json!(2)));
    assert_eq!(value(&lines, "field", "a"), Some(&json!(3)));
}

#[test]
fn neither_clearing_nor_removing_reaches_into_an_open_scope() {
    let output = invoked(builder(), async || {
        let _scope = append_context_keys(&json!({"a": 1}));
        clear_state();
        remove_keys(["a"]);
        info!("inside");
    });
    assert_eq!(only(&output)["a"], 1);
}

#[test]
fn two_futures_side_by_side_have_their_own_keys_over_every_await() {
    let output = invoked(builder(), async || {
        let barrier = Arc::new(Barrier::new(2));
        let branch = |name: &'static str| {
            let barrier = Arc::clone(&barrier);
            async move {
                for round in 0..3 {
                    barrier.wait().await;
                    info!(round, "{name}");
                }
            }
            .with_keys(&json!({"branch": name, name: true}))
        };
        tokio::join!(branch("left"), branch("right"));
        info!("after");
    });
    let lines = output.json();
    for (name, other) in [("left", "right"), ("right", "left")] {
        let own: Vec<_> = lines
            .iter()
            .filter(|line| line["message"] == name)
            .collect();
        assert_eq!(own.len(), 3);
        for line in own {
            assert_eq!(line["branch"], name);
            assert_eq!(line[name], true);
            assert_eq!(line.get(other), None);
        }
    }
    assert_eq!(value(&lines, "after", "branch"), None);
}

#[test]
fn futures_with_keys_nest_and_restore() {
    let output = invoked(builder(), async || {
        async {
            info!("outer");
            async { info!("inner") }.with_keys(&json!({"a": 2})).await;
            tokio::task::yield_now().await;
            info!("outer again");
        }
        .with_keys(&json!({"a": 1}))
        .await;
    });
    let lines = output.json();
    for (message, a) in [("outer", 1), ("inner", 2), ("outer again", 1)] {
        assert_eq!(value(&lines, message, "a"), Some(&json!(a)));
    }
}

#[test]
fn what_a_future_drops_logs_with_its_keys() {
    struct Logs(&'static str);
    impl Drop for Logs {
        fn drop(&mut self) {
            info!("{}", self.0);
        }
    }
    let output = logged(builder(), |_| {
        let pending = Box::pin(
            async {
                let _logs = Logs("dropped in the middle");
                std::future::pending::<()>().await;
            }
            .with_keys(&json!({"a": 1})),
        );
        let mut pending = pending;
        block_on(poll_fn(|cx| {
            assert!(pending.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }));
        info!("outside");
        drop(pending);
        let never_polled = Logs("never polled");
        drop(async move { drop(never_polled) }.with_keys(&json!({"a": 2})));
        info!("after");
    });
    let lines = output.json();
    assert_eq!(value(&lines, "dropped in the middle", "a"), Some(&json!(1)));
    assert_eq!(value(&lines, "never polled", "a"), Some(&json!(2)));
    assert_eq!(value(&lines, "outside", "a"), None);
    assert_eq!(value(&lines, "after", "a"), None);
}

#[test]
fn after_a_panic_in_a_future_its_keys_are_gone() {
    let output = logged(builder(), |_| {
        let panics = async { std::panic::resume_unwind(Box::new("in the future")) };
        let keyed = panics.with_keys(&json!({"a": 1}));
        let panicked = catch_unwind(AssertUnwindSafe(|| -> () { block_on(keyed) }));
        assert!(panicked.is_err());
        info!("after");
    });
    assert_eq!(only(&output).get("a"), None);
}

#[test]
fn tasks_that_a_future_spawns_do_not_have_its_keys() {
    let output = invoked(builder(), async || {
        async {
            powertools_core::spawn(async { info!("task") })
                .await
                .unwrap();
            info!("future");
        }
        .with_keys(&json!({"a": 1}))
        .await;
    });
    let lines = output.json();
    assert_eq!(value(&lines, "task", "a"), None);
    assert_eq!(
        value(&lines, "task", "function_request_id"),
        Some(&json!("r-1"))
    );
    assert_eq!(value(&lines, "future", "a"), Some(&json!(1)));
}

#[test]
fn the_values_of_a_scope_are_redacted_too() {
    let output = invoked(builder().redact(["card"]), async || {
        let _scope = append_context_keys(&json!({"card": 1, "deep": {"card": 2}}));
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line["card"], "***");
    assert_eq!(line["deep"], json!({"card": "***"}));
}
