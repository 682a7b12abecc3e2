use std::{fmt, ops::Deref, sync::Arc};

/// One record of a batch: the batch, shared, and a place in it.
///
/// A batch is one allocation however many records it has, and a record is
/// `Clone + Send + 'static`, so any layer can be stacked around the service
/// that handles it.
///
/// ```
/// use powertools_core::Record;
///
/// let lengths: Vec<usize> = Record::batch(vec!["one", "three"]).map(|record| record.len()).collect();
/// assert_eq!(lengths, [3, 5]);
/// ```
pub struct Record<T> {
    batch: Arc<Vec<T>>,
    index: usize,
}

impl<T> Record<T> {
    /// The records of a batch, in order.
    #[must_use]
    pub fn batch(records: Vec<T>) -> impl ExactSizeIterator<Item = Self> {
        let batch = Arc::new(records);
        (0..batch.len()).map(move |index| Self {
            batch: Arc::clone(&batch),
            index,
        })
    }

    /// The place in the batch, from zero.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<T> Deref for Record<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.batch[self.index]
    }
}

// By hand: a derive would ask `T: Clone`.
impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Self {
            batch: Arc::clone(&self.batch),
            index: self.index,
        }
    }
}

impl<T> fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A record is payload.
        f.debug_struct("Record")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_order_and_share_the_batch() {
        let records: Vec<_> = Record::batch(vec!["a".to_owned(), "b".to_owned()]).collect();
        assert_eq!(records[0].as_str(), "a");
        assert_eq!(records[1].as_str(), "b");
        assert_eq!(records[1].index(), 1);
        assert!(Arc::ptr_eq(&records[0].batch, &records[1].batch));
    }

    #[test]
    fn an_empty_batch_has_no_records() {
        assert_eq!(Record::<String>::batch(Vec::new()).len(), 0);
    }

    #[test]
    fn debug_does_not_show_the_payload() {
        let record = Record::batch(vec!["s3cret"]).next().unwrap();
        assert_eq!(format!("{record:?}"), "Record { index: 0, .. }");
    }
}
