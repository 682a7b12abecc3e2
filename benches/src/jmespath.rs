//! Our expressions.

use std::hint::black_box;

use powertools_jmespath::Expression;

use crate::{
    bench::Bench,
    event::{self, BODY, HEADER, IDEMPOTENCY_KEY, MULTISTEP, MULTISTEP_ANSWER, ORDER_ID},
    operation::Operation,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("jmespath/header", |bench| {
        search(bench, HEADER, IDEMPOTENCY_KEY);
    }),
    Operation::new("jmespath/json_body", |bench| {
        search(bench, BODY, ORDER_ID);
    }),
    Operation::new("jmespath/multistep", |bench| {
        search(bench, MULTISTEP, MULTISTEP_ANSWER);
    }),
    Operation::new("jmespath/compile", compile),
];

fn expression(text: &str) -> Expression {
    Expression::new(text).expect("the expression is valid")
}

fn search(bench: &mut Bench, text: &str, answer: &str) {
    let expression = expression(text);
    let event = event::value();
    let search = || expression.search(black_box(&event)).expect("it is found");
    assert_eq!(search().to_string(), answer);
    bench.measure(|| {
        black_box(search());
    });
}

fn compile(bench: &mut Bench) {
    assert_eq!(expression(MULTISTEP).as_str(), MULTISTEP);
    bench.measure(|| {
        black_box(expression(black_box(MULTISTEP)));
    });
}
