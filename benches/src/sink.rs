use std::{
    io::{self, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where every logger writes. Static, so that no logger pays for a counted reference.
pub(crate) static SINK: Sink = Sink {
    keeps: AtomicBool::new(false),
    kept: Mutex::new(Vec::new()),
};

/// A writer that drops the bytes, except while a proof looks at them.
#[derive(Debug)]
pub(crate) struct Sink {
    keeps: AtomicBool,
    kept: Mutex<Vec<u8>>,
}

impl Sink {
    /// What `run` writes.
    pub(crate) fn keep(&self, run: impl FnOnce()) -> String {
        self.keeps.store(true, Ordering::Relaxed);
        run();
        self.keeps.store(false, Ordering::Relaxed);
        let bytes = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("log lines are UTF-8")
    }

    /// Fails unless `run` writes one line of JSON that holds each of these texts.
    pub(crate) fn prove_line(&self, run: impl FnOnce(), parts: &[&str]) {
        prove_holds(&self.keep(run), parts);
    }

    /// Fails if `run` writes anything.
    pub(crate) fn prove_silence(&self, run: impl FnOnce()) {
        let lines = self.keep(run);
        assert!(lines.is_empty(), "must be silent: {lines}");
    }
}

/// Fails unless this is one line of JSON that holds each of these texts.
pub(crate) fn prove_holds(line: &str, parts: &[&str]) {
    assert_eq!(line.matches('\n').count(), 1, "not one line: {line}");
    let json: Result<serde_json::Value, _> = serde_json::from_str(line);
    assert!(json.is_ok_and(|json| json.is_object()), "not JSON: {line}");
    for part in parts {
        assert!(line.contains(part), "no {part} in {line}");
    }
}

impl Write for &Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.keeps.load(Ordering::Relaxed) {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
