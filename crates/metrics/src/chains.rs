//! The values of metrics, each in the order they came.

const NOTHING: u32 = u32::MAX;

/// What came after the first value of each metric.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    links: Vec<Link>,
}

/// The values of one metric: the first stands with it, further ones are chained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    first: f64,
    next: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    value: f64,
    next: u32,
}

impl Chain {
    #[inline]
    pub(crate) fn of(first: f64) -> Self {
        Self {
            first,
            next: NOTHING,
            last: NOTHING,
        }
    }

    #[inline]
    pub(crate) fn first(self) -> f64 {
        self.first
    }
}

impl Chains {
    /// How many values there are beside the first ones.
    pub(crate) fn further(&self) -> usize {
        self.links.len()
    }

    #[inline]
    pub(crate) fn append(&mut self, chain: &mut Chain, value: f64) {
        // A hundred for each of a hundred metrics.
        let link = u32::try_from(self.links.len()).unwrap_or(NOTHING);
        self.links.push(Link {
            value,
            next: NOTHING,
        });
        match std::mem::replace(&mut chain.last, link) {
            NOTHING => chain.next = link,
            last => self.links[last as usize].next = link,
        }
    }

    /// Takes the value back that was appended last, of all chains.
    #[cold]
    pub(crate) fn take_back(&mut self, chain: &mut Chain) {
        let removed = chain.last;
        if chain.next == removed {
            (chain.next, chain.last) = (NOTHING, NOTHING);
        } else {
            let mut before = chain.next;
            while self.links[before as usize].next != removed {
                before = self.links[before as usize].next;
            }
            self.links[before as usize].next = NOTHING;
            chain.last = before;
        }
        self.links.pop();
    }

    pub(crate) fn iter(&self, chain: Chain) -> impl Iterator<Item = f64> + Clone + use<'_> {
        let Chain {
            first, mut next, ..
        } = chain;
        let further = std::iter::from_fn(move || {
            let link = self.links.get(next as usize)?;
            next = link.next;
            Some(link.value)
        });
        std::iter::once(first).chain(further)
    }

    pub(crate) fn clear(&mut self) {
        self.links.clear();
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.links.shrink_to(bytes / size_of::<Link>());
    }
}
