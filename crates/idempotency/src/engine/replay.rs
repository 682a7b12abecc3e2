use super::{call::Call, execute::Failure};
use crate::{
    Exchange, IdempotencyErrorKind, IdempotencyStore, KeepErrors, ReplayHook, ReplayedRecord,
    record::{Answer, StoredRecord},
};

impl<St: IdempotencyStore, H, F> Call<'_, St, H, F> {
    /// Gives the answer of a completed record.
    pub(super) async fn replay<X, Res, Err>(
        &self,
        record: &StoredRecord,
    ) -> Result<Res, Failure<Err>>
    where
        X: Exchange<Res, Err>,
        H: ReplayHook<Res>,
        F: KeepErrors<Err>,
    {
        match record.answer() {
            Some(Answer::Response(json)) => self.answer::<X, _, _>(json, record),
            // Another language's way to say that there was none.
            None => self.answer::<X, _, _>("null", record),
            Some(Answer::Error(json)) => Err(match self.shared.errors.replay(json) {
                Some(error) => Failure::Inner(error, None),
                None => self.error(IdempotencyErrorKind::UnreadableAnswer).into(),
            }),
            Some(Answer::Omitted) => self.omitted(record),
            Some(Answer::Overflow(reference)) => {
                let json = self.shared.store.overflow(reference).await;
                match json.map_err(|error| self.store_error(IdempotencyErrorKind::Read, error))? {
                    Some(json) => self.answer::<X, _, _>(&json, record),
                    None => self.omitted(record),
                }
            }
        }
    }

    fn answer<X, Res, Err>(&self, json: &str, record: &StoredRecord) -> Result<Res, Failure<Err>>
    where
        X: Exchange<Res, Err>,
        H: ReplayHook<Res>,
    {
        let response =
            X::replay(json, &self.identity).map_err(|error| error.with_key(&self.key))?;
        let record = ReplayedRecord::new(&self.key, record);
        self.shared.hook.replay(response, &record).map_err(|error| {
            Failure::Own(self.error(IdempotencyErrorKind::Hook).with_source(error))
        })
    }

    /// The answer in the place of one that is not there.
    fn omitted<Res, Err>(&self, record: &StoredRecord) -> Result<Res, Failure<Err>>
    where
        H: ReplayHook<Res>,
    {
        let answer = self
            .shared
            .hook
            .omitted(&ReplayedRecord::new(&self.key, record));
        answer.ok_or_else(|| {
            let error = self.error(IdempotencyErrorKind::ResponseOmitted);
            error.with_record(record.clone()).into()
        })
    }
}
