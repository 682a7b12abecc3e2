use std::{fmt, sync::Arc};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// A [`Random`] that can be shared by layers and their clones.
#[derive(Clone)]
pub struct SharedRandom(Arc<dyn Random>);

impl SharedRandom {
    /// Shares the given source.
    pub fn new(random: impl Random + 'static) -> Self {
        Self(Arc::new(random))
    }

    /// Fills the buffer with random bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    /// A number that is evenly spread over `0.0 <= x < 1.0`.
    #[must_use]
    pub fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let x = (u64::from_le_bytes(bytes) >> 11) as f64;
        x / (1_u64 << 53) as f64
    }
}

impl Default for SharedRandom {
    /// The operating system's generator. It is asked each time, so functions
    /// restored from one snapshot do not repeat each other.
    fn default() -> Self {
        Self::new(SystemRandom)
    }
}

impl fmt::Debug for SharedRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedRandom").finish()
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the system"
        )]
        getrandom::fill(bytes).expect("the operating system has a random generator");
    }
}
