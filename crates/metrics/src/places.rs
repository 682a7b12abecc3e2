//! Where the name with a hash stands.

/// 100 names fill it to two fifths.
const PLACES: usize = 256;

/// The table of places: by hash, the number of what stands there, from 1. Collisions stand in
/// the next free place.
#[derive(Debug)]
pub(crate) struct Places([u8; PLACES]);

impl Default for Places {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl Places {
    /// The index of what has this hash and `is_it`, or the place that is free for it.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(usize) -> bool) -> Result<usize, usize> {
        let mut place = hash as usize % PLACES;
        loop {
            let Some(index) = usize::from(self.0[place]).checked_sub(1) else {
                return Err(place);
            };
            if is_it(index) {
                return Ok(index);
            }
            place = (place + 1) % PLACES;
        }
    }

    /// Puts a number, which is an index and 1, into a place that is free.
    #[inline]
    pub(crate) fn put(&mut self, place: usize, number: u8) {
        self.0[place] = number;
    }

    /// Takes the newest index back, whose place none has passed since.
    #[cold]
    pub(crate) fn take_back(&mut self, index: usize) {
        for place in &mut self.0 {
            if usize::from(*place) == index + 1 {
                *place = 0;
            }
        }
    }
}
