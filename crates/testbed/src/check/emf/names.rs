//! Which names and units CloudWatch takes.

/// The 27 units of CloudWatch.
pub const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Whether a namespace of good length has the right characters.
pub(super) fn namespace_characters(text: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || ".-_/#: ".contains(char);
    text.chars().all(allowed) && !text.trim().is_empty() && !text.starts_with(':')
}

/// Whether a dimension name has the right characters.
pub(super) fn dimension_name_characters(text: &str) -> bool {
    dimension_value_characters(text) && !text.starts_with(':')
}

/// Whether the value of a dimension has the right characters.
pub(super) fn dimension_value_characters(text: &str) -> bool {
    let printable = |byte: u8| (b' '..=b'~').contains(&byte);
    text.bytes().all(printable) && !text.trim().is_empty()
}
