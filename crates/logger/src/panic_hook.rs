//! Panics as lines.

use std::{
    panic::{self, PanicHookInfo},
    sync::Arc,
};

use powertools_core::Invocation;
use tracing::Level;

use crate::{
    exception::{Describe, Seen},
    json,
    part::remember,
    runtime_span::{Failure, RuntimeInvocation},
    settings::Settings,
    shield,
    write::{Desk, Desktop, Owner},
};

/// Has panics logged before the hook that is there now runs.
///
/// A hook runs also where panics abort the process, which nothing else of ours survives.
pub(crate) fn install(settings: Arc<Settings>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // A panic of the output itself would wait for the output.
        if !shield::is_at_work() {
            shield::in_hook(|| report(&settings, info));
        }
        before(info);
    }));
}

fn report(settings: &Arc<Settings>, info: &PanicHookInfo<'_>) {
    let invocation = Invocation::try_current();
    let owner = Owner::of(invocation.as_ref(), settings);
    let desktop = Desktop { settings, owner };
    Desk::with(|desk| {
        let flushes = |buffer: &crate::LogBuffer| buffer.flushes_on_uncaught_error();
        if settings.buffer.as_ref().is_some_and(flushes) {
            desktop.flush(desk);
        }
        let entry = &mut desk.entry;
        entry.level = Level::ERROR;
        entry.time = settings.host.clock().now();
        let place = info.location();
        match place {
            Some(place) => {
                let text = format_args!("{}:{}", place.file(), place.line());
                json::formatted(&mut entry.location, text, 1024);
            }
            None => json::string(&mut entry.location, "unknown"),
        }
        json::string(&mut entry.message, "panic");
        let describe = Describe {
            rules: &settings.rules,
            stack_trace: settings.switches.stack_trace,
            seen: Seen {
                file: place.map(panic::Location::file),
                line: place.map(panic::Location::line),
                module: None,
            },
        };
        let text = info.payload_as_str().unwrap_or("a value that is no text");
        describe.text("panic", &text, &mut entry.error);
        if let Some(invocation) = &invocation {
            remember(invocation, Failure::Panic, &entry.error);
        }
        desktop.submit_own(desk);
    });
    RuntimeInvocation::mark_told(Failure::Panic);
}
