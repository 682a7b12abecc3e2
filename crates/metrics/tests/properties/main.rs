//! Whatever is recorded, what goes out is what went in: against a model that is written from
//! the documentation.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod group;
mod model;
mod ops;
#[path = "../support/mod.rs"]
mod support;

use std::{cell::Cell, convert::Infallible, time::Duration};

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, MetricsErrorKind, MetricsScope, Resolution, Unit};
use proptest::prelude::*;
use testbed::check::emf::Samples;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    group::Line,
    model::Model,
    ops::{Op, Setup, metadata, ops, setup},
    support::{MAX_LINE, Output, builder, moment},
};

/// The real metrics and the model, driven by the same operations.
struct Pair {
    metrics: Metrics,
    scopes: Vec<MetricsScope>,
    model: Model,
    /// Whether a line is so short that dimensions and metadata may find no room.
    tight: bool,
}

impl Pair {
    /// Both take it or refuse it. Gives whether they take it.
    fn same<T>(
        &mut self,
        real: Result<T, powertools_metrics::MetricsError>,
        model: impl FnOnce(&mut Model) -> bool,
        op: &Op,
    ) -> Option<T> {
        let before = self.model.clone();
        let taken = model(&mut self.model);
        match real {
            Err(error) if error.kind() == MetricsErrorKind::Size => {
                assert!(self.tight, "{op:?}: {error}");
                // How much room there is, is not written down.
                self.model = before;
                None
            }
            real => {
                assert_eq!(real.is_ok(), taken, "{op:?}: {:?}", real.err());
                real.ok()
            }
        }
    }

    fn add(
        &mut self,
        scope: Option<usize>,
        name: &str,
        unit: Unit,
        high: bool,
        value: f64,
        op: &Op,
    ) {
        let scope = scope.filter(|scope| *scope < self.scopes.len());
        let real = match (scope, high) {
            (None, false) => self.metrics.try_add(name, unit, value),
            (None, true) => self.metrics.try_add_high_resolution(name, unit, value),
            (Some(scope), false) => self.scopes[scope].try_add(name, unit, value),
            (Some(scope), true) => self.scopes[scope].try_add_high_resolution(name, unit, value),
        };
        self.same(real, |model| model.add(scope, name, unit, high, value), op);
    }

    async fn apply(&mut self, op: &Op) {
        match op {
            Op::Add(scope, name, unit, high, value) => {
                self.add(*scope, name, *unit, *high, *value, op);
            }
            Op::Values(scope, name, count) => {
                for number in 0..*count {
                    self.add(*scope, name, Unit::Count, false, number as f64, op);
                }
            }
            Op::Names(scope, count) => {
                for number in 0..*count {
                    // Those that dimensions have too, or longer than a short line.
                    let name = match count % 2 {
                        0 => format!("n{number}"),
                        _ => format!("{number:\"<60}"),
                    };
                    self.add(*scope, &name, Unit::Bytes, true, number as f64, op);
                }
            }
            Op::Dimension(name, value) => {
                let real = self.metrics.try_add_dimension(name, value);
                self.same(real, |model| model.add_dimension(name, value), op);
            }
            Op::Set(set) => {
                let real = self.metrics.try_add_dimensions(ops::borrowed(set));
                self.same(real, |model| model.add_set(set), op);
            }
            Op::Default(name, value) => {
                // There is no form that tells; the dimension says whether it can be one.
                let real = self.metrics.try_add_dimension(name, value);
                if self
                    .same(real, |model| model.set_default(name, value), op)
                    .is_some()
                {
                    self.metrics.set_default_dimensions([(&**name, &**value)]);
                }
            }
            Op::ClearDefaults => {
                self.metrics.clear_default_dimensions();
                self.model.clear_defaults();
            }
            Op::Metadata(key, value) => {
                let real = self.metrics.try_add_metadata(key, metadata(*value));
                self.same(real, |model| model.add_metadata(key), op);
            }
            Op::Timestamp(seconds) => {
                self.metrics.set_timestamp(ops::time(*seconds));
                self.model.set_time(*seconds);
            }
            Op::Scope(parent, set) => {
                let parent = parent.filter(|parent| *parent < self.scopes.len());
                let real = match parent {
                    None => self.metrics.try_with_dimensions(ops::borrowed(set)),
                    Some(parent) => self.scopes[parent].try_with_dimensions(ops::borrowed(set)),
                };
                if let Some(scope) = self.same(real, |model| model.scope(parent, set), op) {
                    self.scopes.push(scope);
                }
            }
            Op::At(parent, seconds) => {
                let parent = parent.filter(|parent| *parent < self.scopes.len());
                self.scopes.push(match parent {
                    None => self.metrics.at(ops::time(*seconds)),
                    Some(parent) => self.scopes[parent].at(ops::time(*seconds)),
                });
                self.model.at(parent, *seconds);
            }
            Op::Scopes(count) => {
                for number in 0..*count {
                    let set = vec![("id".to_owned(), number.to_string())];
                    let real = self.metrics.try_with_dimensions(ops::borrowed(&set));
                    if let Some(scope) = self.same(real, |model| model.scope(None, &set), op) {
                        self.scopes.push(scope);
                        self.add(
                            Some(self.scopes.len() - 1),
                            "a",
                            Unit::Count,
                            false,
                            1.0,
                            op,
                        );
                    }
                }
            }
            Op::Single(name, set, value) => {
                let mut single = self
                    .metrics
                    .single_metric(name, Unit::Percent, *value)
                    .resolution(Resolution::High);
                for (name, value) in set {
                    single = single.dimension(name, value);
                }
                self.same(single.flush(), |model| model.single(name, set, *value), op);
            }
            Op::Flush => {
                self.metrics.flush().unwrap();
                self.model.flush();
            }
            Op::Clear => {
                self.metrics.clear();
                self.model.clear();
            }
            Op::NearDeadline => {
                // The first time passes the margin; the clock of the lines stands still.
                tokio::time::sleep(Duration::from_secs(100)).await;
                self.model.flush_early();
            }
        }
    }
}

/// Runs operations in an invocation, then some that come after its end.
fn run(setup: &Setup, inside: &[Op], after: &[Op]) -> (Output, Model) {
    let output = Output::limited(setup.max_line);
    let builder = setup.apply(builder()).output(output.writer());
    let layer = builder.build().unwrap();
    let pair = Cell::new(None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let handler = service_fn(async |_: LambdaEvent<()>| {
        let mut both = Pair {
            metrics: Metrics::current(),
            scopes: Vec::new(),
            model: Model::new(setup),
            tight: setup.max_line < MAX_LINE,
        };
        for op in inside {
            both.apply(op).await;
        }
        pair.set(Some(both));
        Ok::<_, Infallible>(())
    });
    let context = TestContext::new("r-1").deadline(moment() + Duration::from_secs(100));
    let call = layer.layer(handler).oneshot(context.event(()));
    let both = runtime.block_on(async {
        call.await.unwrap();
        let mut both: Pair = pair.take().unwrap();
        both.model.end();
        for op in after.iter().filter(|op| !matches!(op, Op::NearDeadline)) {
            both.apply(op).await;
        }
        both
    });
    (output, both.model)
}

fn samples(lines: &[Line]) -> Samples {
    let mut samples = Samples::new();
    for (key, values) in lines.iter().flat_map(|line| &line.metrics) {
        for value in values {
            samples.add(key.clone(), *value);
        }
    }
    samples
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_goes_out_is_what_went_in(setup in setup(), inside in ops(0..30), after in ops(0..6)) {
        let (output, model) = run(&setup, &inside, &after);
        let emf = output.emf();
        Samples::from_iter(&emf).assert_same_as(&samples(&model.out));
        if setup.max_line == MAX_LINE {
            let written: Vec<_> = emf.iter().map(Line::of).collect();
            prop_assert_eq!(written, model.out);
        }
    }
}

#[test]
fn the_properties_reach_what_they_are_about() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (setup(), ops(0..30), ops(0..6));
    let mut split = 0;
    let mut seen = model::Seen::default();
    for _ in 0..200 {
        let tree = strategy.new_tree(&mut runner).unwrap();
        let (setup, inside, after) = proptest::strategy::ValueTree::current(&tree);
        let (output, model) = run(&setup, &inside, &after);
        split += usize::from(output.emf().len() > model.out.len());
        seen.add(&model.seen);
    }
    assert!(split > 0);
    seen.assert_all();
}
