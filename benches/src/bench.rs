use crate::time::Timing;

/// Callsites register, pools and scratch buffers fill.
const WARM_UP: u32 = 50;

/// Measures the operation that a set-up hands to it.
#[derive(Debug)]
pub(crate) struct Bench {
    mode: Mode,
    timing: Option<Timing>,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Repeat(u32),
    Time,
}

impl Bench {
    pub(crate) fn repeat(count: u32) -> Self {
        Self {
            mode: Mode::Repeat(count),
            timing: None,
        }
    }

    pub(crate) fn time() -> Self {
        Self {
            mode: Mode::Time,
            timing: None,
        }
    }

    pub(crate) fn measure(&mut self, mut operation: impl FnMut()) {
        repeat(&mut operation, WARM_UP);
        match self.mode {
            Mode::Repeat(count) => repeat(&mut operation, count),
            Mode::Time => self.timing = Some(Timing::of(|count| repeat(&mut operation, count))),
        }
    }

    pub(crate) fn timing(&self) -> Option<&Timing> {
        self.timing.as_ref()
    }
}

/// By reference and never inlined: nothing of the operation is moved out of the loop.
#[inline(never)]
fn repeat(operation: &mut dyn FnMut(), count: u32) {
    for _ in 0..count {
        operation();
    }
}
