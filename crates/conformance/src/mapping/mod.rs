//! What is spelled differently in every case at once.
//!
//! These rules are decided for the project as a whole, so a case that differs by them alone has
//! passed. Whatever else differs is an entry of `deviations.toml`. An arm applies the rules to the
//! expected value before it compares.
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | level words | `WARNING`, `CRITICAL`, `NOTSET` | `WARN`, `ERROR`, `TRACE` | Lambda's own log filter knows `TRACE DEBUG INFO WARN ERROR`, and so does `tracing` | [`level`] |
//! | time format | `2023-11-14 17:13:20,500-0500`, or RFC 3339 with an offset | `2023-11-14T22:13:20.500Z` | Lambda takes a line with any timestamp but RFC 3339 for INFO; one zone for every function | [`timestamp`] |
//! | a single value of a metric | `[1.0]` | `1.0` | both are EMF, a bare number is shorter | [`metric_value`] |
//! | names of error kinds | Python's class and, where the vectors have one, a portable `code` | the code alone, or a word for what the error's predicates tell | class names belong to a language, codes are shared | [`error`], [`error_kind`] |
//! | integers beyond 64 bits | their last digit | the nearest float | more needs serde_json's `arbitrary_precision`, which would change every crate of the user's program | [`nearest_float`] |
//!
//! For the lines of the logger:
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | levels as arguments | a word in any case, `WARN` and `FATAL` among them, or Python's number | a `LevelFilter` | a typed argument has no spelling | [`level_filter`] |
//! | place of a log call | `<location>` | module and line | each names its own source | [`placeholder`] |
//! | time of a line | `<timestamp>` | any time in our format | the clock of the vectors stands only if asked for | [`placeholder`] |
//! | text of an error | `<stack>`, the trace with its causes | name and text of the error and of its sources | Rust's errors carry no trace | [`placeholder`] |
//! | `stack_trace` | `module` of the class, a frame with its statement | `causes`, the frame of the log call | modules of classes are Python's | [`their_stack_trace`], [`our_stack_trace`] |
//! | NaN and Infinity | `NaN`, `Infinity`, shown as `<NaN>` | `null` | a line is JSON, which has neither | [`not_a_number`] |
//! | memory size that was given as text | text | the number | the runtime reads a number | [`memory_size`] |
//! | order of keys | the keys of both lines | the same | a key that only one of two lines has is told where it stands | the arm |
//! | lines too many | lines | laid beside those that they resemble most | one line more does not make all others differ | the arm |
//! | correlation id that is no text, asked for | the value | its JSON | `correlation_id()` gives text | [`same_id`] |
//! | warnings | `warnings` of Python, some of them twice | lines of the logger itself | each logger has one place to speak from; only at which operation is compared | the arm |
//! | an error that a handler returns | never logged, held lines dropped | both are switches, set as Python has them | our defaults are another language's | the arm |
//! | `log_event`, `correlation_id_path`, `flush_buffer_on_uncaught_error` | arguments of the decorator | of a second layer, built like the first | the builder has them | the arm |
//! | `clear_state` of an invocation | an option | always so | appended keys belong to the invocation | the arm |
//! | operations outside of an invocation | change the logger | run in an invocation of nobody, one for each logger | as above | the arm |
//! | `utc`, `use_rfc3339` | options | always so | see the time format | [`timestamp`] |
//! | display text of decimals, times, bytes, sets, objects | Python's | the same | what a value looks like is for its `Serialize` to say; the runner's own types do as Python | the arm |
//!
//! For the lines of the metrics:
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | text of a line | `lines`, with the clock of the vectors as `Timestamp` 0 | the value of each line, the same clock as 0, the epoch by its name | spacing is no part of the contract | [`our_blob`] |
//! | order of lines | lines | those that are the same stand beside each other; their order is told once, as `blob_order` | a line that came earlier does not make all others differ | the arm |
//! | error kinds | Python's class, one for whatever is wrong at a flush | the code of `MetricsErrorKind`, `config` for a layer that is not built | one class has several codes | [`metrics_error_kinds`] |
//! | a value, unit, resolution or name of another type | `MetricValueError` and the like | the kind that one out of range has | the types exclude it, so the compiler tells | the arm |
//! | a time of another type | a warning, and no time | the same | as above | the arm |
//! | where Python raises, and where it warns and goes on | `add_metric`, `add_dimension` beyond the limit; a blank dimension, an empty set | `try_…`; `add_…` | the first tell, the others never fail | the arm |
//! | warnings | `warnings` of Python | events of `powertools::metrics` | only at which operation is compared | the arm |
//! | dimensions, tags and keys of metadata that are no text | Python's text | their JSON | the arguments are `&str` | the arm |
//! | `capture_cold_start`, `raise_on_empty`, `default_dimensions` | arguments of the decorator or of a flush | of the builder; a layer is built again only for default dimensions that it does not have | the builder has them | the arm |
//! | `ephemeral`, `datadog` | instances that share nothing | `ephemeral_metrics()` of a layer of its own, or its `metrics()` if it is invoked | an invocation takes part in the set of its layer only | the arm |
//! | tags and time of a Datadog value | arguments of `add_metric` | `with_dimensions(…)`, `at(…)` | a scope has them | the arm |
//! | `flush_to_log` | whether Datadog's library is asked | always lines | there is no such library | the arm |
//! | `single_metric` | a free function of environment and arguments | of `ephemeral_metrics()` of a layer of environment and arguments; a second metric in it has no method | as in Python it sees no instance | the arm |
//! | `serialize` | prints | the text it gives, as lines | | the arm |
//! | what is left at the end of a case | nothing | goes out when the layer is dropped, and is not looked at | no operation asks for it | the arm |
//!
//! For idempotency:
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | times | `T0+5`, `T0ms-1` | the time | the clock of the vectors begins at 1700000000 | [`clock_times`] |
//! | mark of the owner | none | `powertools_owner` in each record, left out if it is one | other languages pass it over | [`without_owner`] |
//! | requests of completion and release | without a condition | compared by the rows that they leave; those of a claim and of a read as a whole | they are conditional on still owning the record | [`their_call`], [`our_call`] |
//! | names of tables | any | not compared | they are arbitrary | [`their_call`] |
//! | order of rows and entries | by their JSON | beside those that they resemble most | a row that differs does not move the others | the arm |
//! | calls of a cache | `SET`, `GET`, `DEL` | compared by the entries that they leave | a claim is one script | the arm |
//! | keys in the local cache | the oldest first | a set | the cache tells no order | the arm |
//! | error kinds | Python's or TypeScript's class, one for whatever fails at the store | the word of the error's kind; for `IdempotencyPersistenceLayerError` by the step that the message names | class names belong to a language | [`idempotency_error_kinds`] |
//! | cause of an error | the class, or DynamoDB's code | the code, or a word for the source; only where the store, an expression or the answer failed | what a refused write turns into has no cause here | [`idempotency_causes`] |
//! | message of an error | Python's sentence | only the key that it ends with is compared, of a call in progress | sentences are each language's own | [`our_idempotency_error`] |
//! | error of a hook | as the hook raised it | the source of ours | | the arm |
//! | `BaseException` | ends the process | the call's future is left as it is, never polled and never dropped | so does a process that is killed | the arm |
//! | time that an invocation has | told by the context when it is asked | a deadline; the invocation arrives a millisecond before | a deadline that is past on arrival is unknown | the arm |
//! | `register_context` | stays with the configuration | the function runs in an invocation, now and later | | the arm |
//! | a function without a context | | runs in no invocation, also during another call | | the arm |
//! | `durable_operations` | recorded operations | a `Durable` request, a replay from the second on | | the arm |
//! | `mutate_event` | changes the event that the key was taken from | the handler owns its event | | the arm |
//! | serializers | objects and pairs of functions | types with their own `Serialize` and `Deserialize` | | the arm |
//! | `POWERTOOLS_IDEMPOTENCY_DISABLED`, broken settings | an error of each call | of the layer that is not built, told at each call | | the arm |
//! | a key of TypeScript that is missing | told all the same | that of what was selected | its vectors hold a part of the library, which runs without a record | the arm |
//! | hash functions of TypeScript | Node's names | Python's | | [`node_hash_function`] |
//! | payloads that no value of `serde_json` holds | | given as JSON text alone, and remarked; any other is given as text, as `Box<RawValue>` and as a value, which must agree | | the arm |

mod idempotency;
mod logger;
mod metrics;
mod shared;

pub use idempotency::{
    clock_times, idempotency_causes, idempotency_error_kinds, node_hash_function, our_call,
    our_idempotency_error, their_call, their_idempotency_error, without_owner,
};
pub use logger::{
    error_kind, level_filter, our_stack_trace, placeholder, same_id, their_stack_trace,
};
pub use metrics::{metric_value, metrics_error_kinds, our_blob, their_blob};
pub(crate) use shared::without;
pub use shared::{error, level, memory_size, nearest_float, not_a_number, timestamp};
