//! What the user gave to the logger, a formatter and a writer, at work: its panics go
//! nowhere.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

thread_local! {
    // A panic of the writer must not be told: its line would wait for that very writer.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
    // Another panic on this thread would abort the process, whoever would catch it.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Whether a formatter or a writer is at work on this thread.
pub(crate) fn is_at_work() -> bool {
    AT_WORK.try_with(Cell::get).unwrap_or(true)
}

/// Runs as the panic hook.
pub(crate) fn in_hook(run: impl FnOnce()) {
    let _ = IN_HOOK.try_with(|flag| flag.set(true));
    run();
    let _ = IN_HOOK.try_with(|flag| flag.set(false));
}

/// Has the writer work. Whether it ended without a panic.
///
/// It stays on this thread also within the panic hook, where its panic aborts the
/// process: this thread may hold what it needs, as the standard output.
pub(crate) fn write(work: impl FnOnce()) -> bool {
    let _ = AT_WORK.try_with(|flag| flag.set(true));
    let done = catch_unwind(AssertUnwindSafe(work)).is_ok();
    let _ = AT_WORK.try_with(|flag| flag.set(false));
    done
}

/// Has the formatter work. Whether it ended without a panic.
pub(crate) fn format(work: impl FnOnce() + Send) -> bool {
    if !IN_HOOK.try_with(Cell::get).unwrap_or_default() {
        return write(work);
    }
    thread::scope(|scope| {
        let elsewhere = thread::Builder::new().spawn_scoped(scope, || write(work));
        elsewhere.is_ok_and(|thread| thread.join().unwrap_or_default())
    })
}
