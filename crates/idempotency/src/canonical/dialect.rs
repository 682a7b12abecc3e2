/// How canonical JSON is spelled, and in which order the members of an object stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// As Python's `json.dumps(value, sort_keys=True)`: ASCII only, `", "` and `": "`, keys by
    /// code point, integers of any size as they are, floats by their `repr`.
    #[default]
    Python,
    /// As `JSON.stringify` of an object whose keys were sorted without regard to case: compact
    /// UTF-8, each number a double. Keys that differ in case alone keep their order, array
    /// indices come first, and a member `__proto__` is left out, all as in TypeScript.
    TypeScript,
}
