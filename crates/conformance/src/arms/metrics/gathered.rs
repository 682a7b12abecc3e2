use std::time::SystemTime;

use powertools_metrics::SingleMetric;

use super::{given, record};
use crate::{
    arm::Refusal,
    arms::common::{fault::Fault, special},
    json::Json,
};

/// What the body of a single metric says of it.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    dimensions: Vec<(String, String)>,
    metadata: Vec<(String, Json)>,
    at: Option<SystemTime>,
}

impl Gathered {
    /// An operation on the single metric. `tell` is called for what only the compiler tells.
    pub(super) fn gather(
        &mut self,
        operation: &Json,
        word: &str,
        tell: impl FnOnce(),
    ) -> Result<(), Fault> {
        match word {
            "add_dimension" => self.dimensions.push(record::name_and_value(operation)?),
            "add_dimension_range" => record::each(operation, |operation| {
                self.dimensions.push(record::name_and_value(operation)?);
                Ok(())
            })?,
            "add_metadata" => {
                let (key, value) = record::key_and_value(operation)?;
                self.metadata.push((key, value.clone()));
            }
            "set_timestamp" => match given::time(operation)? {
                Some(time) => self.at = Some(time),
                None => tell(),
            },
            // Python reads over it; ours has no such method.
            "add_metric" | "add_metric_range" => {}
            other => {
                let what = format!("`{other}` of a single metric");
                return Err(Refusal::NoCounterpart(what).into());
            }
        }
        Ok(())
    }

    pub(super) fn give_to<'a>(&'a self, mut single: SingleMetric<'a>) -> SingleMetric<'a> {
        for (name, value) in &self.dimensions {
            single = single.dimension(name, value);
        }
        for (key, value) in &self.metadata {
            single = single.metadata(key, special::Value::strict(value));
        }
        match self.at {
            Some(time) => single.at(time),
            None => single,
        }
    }
}
