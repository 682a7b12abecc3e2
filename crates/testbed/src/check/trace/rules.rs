//! The rules of X-Ray documents and of traces.

use crate::check::rule::rules;

rules! {
    /// What a segment document, and a trace of several, has to be.
    ///
    /// *Ours* marks a rule that no public source states.
    pub enum TraceRule {
        /// The document is JSON.
        NotJson = "not-json",
        /// It is an object.
        NotAnObject = "not-an-object",
        /// No object has a key twice. *Ours.*
        DuplicateKey = "duplicate-key",
        /// A document has at most 64 KB.
        TooLarge = "too-large",
        /// `name` is there and is a string.
        Name = "name",
        /// A segment's name has 1 to 200 characters, a subsegment's 1 to 250.
        NameLength = "name-length",
        /// A segment's name has letters, numbers, white space and `_.:/%&#=+-@`. That a tab or
        /// a newline is refused is *ours*. A subsegment's may have any.
        NameCharacters = "name-characters",
        /// `id` is there and has 16 hexadecimal digits.
        Id = "id",
        /// No two subsegments of one document have the same id. *Ours.*
        IdRepeated = "id-repeated",
        /// `trace_id` is `1-`, 8 digits, `-`, 24 digits. Every document needs it.
        TraceId = "trace-id",
        /// `parent_id` has 16 hexadecimal digits; a subsegment sent alone needs it.
        ParentId = "parent-id",
        /// A nested subsegment that names its parent or trace names the ones it stands in.
        /// *Ours.*
        NestedParent = "nested-parent",
        /// `type`, if it is there, is `subsegment`.
        Type = "type",
        /// `start_time` is there and is a number.
        StartTime = "start-time",
        /// `end_time` is a number.
        EndTime = "end-time",
        /// Times are seconds since the epoch: from the years 2001 to 2286, not milliseconds.
        /// *Ours.*
        EpochSeconds = "epoch-seconds",
        /// The end is not before the start.
        EndBeforeStart = "end-before-start",
        /// Either `end_time` or `in_progress: true`, and not both.
        EndOrInProgress = "end-or-in-progress",
        /// A segment has no member of a subsegment: `namespace`, `precursor_ids`, `sql`,
        /// `traced`, `http.request.traced`.
        SubsegmentMember = "subsegment-member",
        /// A subsegment has no member of a segment: `service`, `user`, `origin`,
        /// `resource_arn`, `http.request.x_forwarded_for`.
        SegmentMember = "segment-member",
        /// Every member is a known one: another is a misspelling. `aws` and `service` may have
        /// any. *Ours.*
        UnknownMember = "unknown-member",
        /// Every member has its type.
        MemberType = "member-type",
        /// A string has at most 250 characters, where no other limit is given. Queries,
        /// messages, paths and labels have none in the schema.
        StringLength = "string-length",
        /// `namespace` is `aws` or `remote`; `local` is what AWS's SDKs write for own code.
        Namespace = "namespace",
        /// The key of an annotation has 1 to 500 characters of `A-Za-z0-9_`.
        AnnotationKey = "annotation-key",
        /// An annotation is a string, a number or a truth value.
        AnnotationValue = "annotation-value",
        /// An annotation's string has at most 1,000 characters.
        AnnotationLength = "annotation-length",
        /// A document has at most 50 annotations. *Ours*: X-Ray takes more, but indexes 50 of a
        /// trace. [`Trace::annotations`](super::Trace::annotations) counts those of a trace.
        AnnotationCount = "annotation-count",
        /// `metadata` is an object of objects, one for each namespace.
        Metadata = "metadata",
        /// No namespace of the metadata begins with `AWS.`, which is reserved.
        MetadataReserved = "metadata-reserved",
        /// `cause` is the id of an exception or an object.
        Cause = "cause",
        /// A trace: all documents have one trace id.
        TraceIdsDiffer = "trace-ids-differ",
        /// A trace: an id has at most one document in progress and then one complete one.
        IdTwice = "id-twice",
        /// A trace: every parent is there.
        Orphan = "orphan",
        /// A trace: no segment is its own ancestor.
        Circle = "circle",
        /// A trace: at most 128 levels. *Ours.*
        TraceTooDeep = "trace-too-deep",
        /// A trace: there is one root, or every root has a given parent.
        Root = "root",
    }
}
