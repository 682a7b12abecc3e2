//! The rules of the Embedded Metric Format.

use crate::check::rule::rules;

rules! {
    /// What a line has to be for CloudWatch to take every metric from it.
    ///
    /// *Ours* marks a rule that no public source states.
    pub enum EmfRule {
        /// The line without its newline fits the limit of
        /// [`EmfCheck::max_bytes`](super::EmfCheck::max_bytes).
        TooLong = "too-long",
        /// No raw character below U+0020 stands in the line: a newline would make two of it.
        ControlCharacter = "control-character",
        /// The line is UTF-8 and JSON.
        NotJson = "not-json",
        /// Nothing, not even a space, stands before or after the root object.
        Surrounded = "surrounded",
        /// The root is an object.
        RootObject = "root-object",
        /// No object has a key twice, at any depth. *Ours*: JSON leaves open which one counts.
        DuplicateKey = "duplicate-key",
        /// `_aws` is there and is an object.
        Aws = "aws",
        /// `_aws.Timestamp` is there and is an integer, not a float and not a string.
        Timestamp = "timestamp",
        /// The timestamp is at most 14 days old and at most 2 hours ahead, in milliseconds.
        /// The limits are those of metrics; the format's own page names none.
        TimestampWindow = "timestamp-window",
        /// The timestamp is in milliseconds: from the years 2001 to 2286. Checked where no
        /// [`EmfCheck::now`](super::EmfCheck::now) is given. *Ours.*
        EpochMilliseconds = "epoch-milliseconds",
        /// `_aws.CloudWatchMetrics` is there and is an array.
        Directives = "directives",
        /// A directive is an object.
        Directive = "directive",
        /// `Namespace` is there and is a string.
        Namespace = "namespace",
        /// A namespace has 1 to 255 characters.
        NamespaceLength = "namespace-length",
        /// A namespace has characters of `0-9A-Za-z.-_/#:` and space, not only spaces, and
        /// does not begin with a colon.
        NamespaceCharacters = "namespace-characters",
        /// A namespace does not begin with `AWS/`.
        NamespaceReserved = "namespace-reserved",
        /// `Dimensions` is there and is an array of at least one set; `[[]]` is one.
        Dimensions = "dimensions",
        /// A dimension set is an array of strings.
        DimensionSet = "dimension-set",
        /// A dimension set has at most 30 names.
        DimensionSetSize = "dimension-set-size",
        /// No name stands twice in a set. *Ours.*
        DimensionRepeated = "dimension-repeated",
        /// No set stands twice in a directive, whatever the order of its names: each value
        /// would count twice. *Ours.*
        DimensionSetRepeated = "dimension-set-repeated",
        /// A dimension name has 1 to 250 characters.
        DimensionNameLength = "dimension-name-length",
        /// A dimension name is printable ASCII, not blank, and does not begin with a colon.
        DimensionNameCharacters = "dimension-name-characters",
        /// The root has a member for every dimension.
        DimensionMissing = "dimension-missing",
        /// The value of a dimension is a string; a number or a truth value is not.
        DimensionValue = "dimension-value",
        /// The value of a dimension has 1 to 1,024 characters.
        DimensionValueLength = "dimension-value-length",
        /// The value of a dimension is printable ASCII and not blank.
        DimensionValueCharacters = "dimension-value-characters",
        /// `Metrics` is there and is an array.
        Metrics = "metrics",
        /// A directive has at most 100 metrics.
        MetricsSize = "metrics-size",
        /// A metric is an object with a string `Name`.
        Metric = "metric",
        /// A metric name has 1 to 255 characters.
        MetricNameLength = "metric-name-length",
        /// A metric name has no control character and is not blank. *Ours.*
        MetricNameCharacters = "metric-name-characters",
        /// No metric name stands twice in a directive, nor in two directives with the same
        /// namespace and dimension set. *Ours*: one root member holds the values, so they
        /// would count twice.
        MetricRepeated = "metric-repeated",
        /// No name is a metric and a dimension: a dimension is a string, a metric a number.
        MetricIsDimension = "metric-is-dimension",
        /// `Unit` is one of the 27, spelled as documented.
        Unit = "unit",
        /// `StorageResolution` is 1 or 60. That it is not spelled `1.0` is *ours*.
        Resolution = "resolution",
        /// The root has a member for every metric; `a.b` is a key and no path.
        ValueMissing = "value-missing",
        /// The value of a metric is a number or an array of numbers.
        Value = "value",
        /// The array has at most 100 numbers.
        ValueCount = "value-count",
        /// The array has at least one number. *Ours.*
        ValueEmpty = "value-empty",
        /// A number lies in -2^360 to 2^360.
        ValueRange = "value-range",
        /// The value is `{"Values":[],"Counts":[]}`. Other libraries write it, the format's
        /// page does not know it; [`EmfCheck::values_and_counts`](super::EmfCheck::values_and_counts)
        /// allows it.
        ValuesAndCounts = "values-and-counts",
        /// With that form allowed: both are arrays of the same length, and a count is a whole
        /// number of at least 1, not spelled `3.0`. *Ours.*
        Counts = "counts",
    }
}
