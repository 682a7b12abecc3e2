//! The `jmespath` crate, on the same expressions and the same event.

use std::hint::black_box;

use jmespath::{
    Context, Expression, JmespathError, Rcvar, Runtime, Variable,
    functions::{ArgumentType, CustomFunction, Signature},
};

use crate::{
    bench::Bench,
    event::{self, BODY, HEADER, IDEMPOTENCY_KEY, MULTISTEP, MULTISTEP_ANSWER, ORDER_ID},
    operation::Operation,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::peer("peer:jmespath/header", "jmespath/header", |bench| {
        search(bench, HEADER, IDEMPOTENCY_KEY);
    }),
    Operation::peer("peer:jmespath/json_body", "jmespath/json_body", |bench| {
        search(bench, BODY, ORDER_ID);
    }),
    Operation::peer("peer:jmespath/multistep", "jmespath/multistep", |bench| {
        search(bench, MULTISTEP, MULTISTEP_ANSWER);
    }),
    Operation::peer("peer:jmespath/compile", "jmespath/compile", measure_compile),
];

/// With the one function of ours that the expressions need.
fn runtime() -> Runtime {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let signature = Signature::new(vec![ArgumentType::String], None);
    let parse = |arguments: &[Rcvar], _: &mut Context<'_>| -> Result<Rcvar, JmespathError> {
        let text = arguments[0].as_string().expect("the signature says so");
        Ok(Rcvar::new(
            Variable::from_json(text).expect("the body is JSON"),
        ))
    };
    let function = CustomFunction::new(signature, Box::new(parse));
    runtime.register_function("powertools_json", Box::new(function));
    runtime
}

fn compile<'a>(runtime: &'a Runtime, text: &str) -> Expression<'a> {
    runtime.compile(text).expect("the expression is valid")
}

fn search(bench: &mut Bench, text: &str, answer: &str) {
    let runtime = runtime();
    let expression = compile(&runtime, text);
    let event = event::value();
    let search = || expression.search(black_box(&event)).expect("it is found");
    assert_eq!(search().to_string(), answer);
    bench.measure(|| {
        black_box(search());
    });
}

fn measure_compile(bench: &mut Bench) {
    let runtime = runtime();
    assert_eq!(compile(&runtime, MULTISTEP).as_str(), MULTISTEP);
    bench.measure(|| {
        black_box(compile(&runtime, black_box(MULTISTEP)));
    });
}
