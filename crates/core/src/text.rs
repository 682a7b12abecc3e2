//! The strings of an invocation, packed into one allocation.

/// Which string.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    RequestId,
    FunctionArn,
    FunctionName,
    FunctionVersion,
    TenantId,
    XrayHeader,
}

const FIELDS: usize = 6;

/// An empty string counts as absent: Lambda has no use for one.
#[derive(Debug, Default)]
pub(crate) struct Text {
    packed: Box<str>,
    ends: [usize; FIELDS],
}

impl Text {
    /// Packs the strings, which are given in the order of [`Field`].
    #[cfg(any(feature = "lambda", test))]
    pub(crate) fn pack(fields: [&str; FIELDS]) -> Self {
        let mut packed = String::with_capacity(fields.iter().map(|field| field.len()).sum());
        let mut ends = [0; FIELDS];
        for (end, field) in ends.iter_mut().zip(fields) {
            packed.push_str(field);
            *end = packed.len();
        }
        Self {
            packed: packed.into_boxed_str(),
            ends,
        }
    }

    pub(crate) fn get(&self, field: Field) -> Option<&str> {
        let index = field as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let text = &self.packed[start..self.ends[index]];
        (!text.is_empty()).then_some(text)
    }
}

/// The trace id in an X-Ray header: the value of `Root`, else what stands before the
/// first `;`.
///
/// ```
/// assert_eq!(powertools_core::xray_root("Root=1-2-3;Parent=4;Sampled=1"), "1-2-3");
/// ```
#[must_use]
pub fn xray_root(header: &str) -> &str {
    // As a rule it comes first.
    if let Some(rest) = header.strip_prefix("Root=") {
        let end = rest.bytes().position(|byte| byte == b';');
        return rest[..end.unwrap_or(rest.len())].trim_end();
    }
    let mut parts = header.split(';').map(str::trim);
    let first = parts.clone().next().unwrap_or_default();
    parts
        .find_map(|part| part.strip_prefix("Root="))
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_where_they_were_packed() {
        let text = Text::pack(["id", "arn", "", "1", "tenant", "Root=1"]);
        assert_eq!(text.get(Field::RequestId), Some("id"));
        assert_eq!(text.get(Field::FunctionArn), Some("arn"));
        assert_eq!(text.get(Field::FunctionName), None);
        assert_eq!(text.get(Field::FunctionVersion), Some("1"));
        assert_eq!(text.get(Field::TenantId), Some("tenant"));
        assert_eq!(text.get(Field::XrayHeader), Some("Root=1"));
    }

    #[test]
    fn nothing_packed_is_all_absent() {
        assert_eq!(Text::default().get(Field::XrayHeader), None);
        assert_eq!(Text::default().get(Field::RequestId), None);
    }

    #[test]
    fn the_trace_id_is_the_root_of_the_header() {
        assert_eq!(
            xray_root("Root=1-5759e988-bd86;Parent=55;Sampled=1"),
            "1-5759e988-bd86"
        );
        assert_eq!(
            xray_root("Sampled=1; Root=1-5759e988-bd86"),
            "1-5759e988-bd86"
        );
        assert_eq!(xray_root("1-2-3"), "1-2-3");
        assert_eq!(xray_root("1-2-3;Sampled=0"), "1-2-3");
        assert_eq!(xray_root(""), "");
    }
}
