/// The path without a leading `/{stage}`; `/` if nothing else is left.
///
/// The default stage of an HTTP API, `$default`, never stands in a path.
///
/// ```
/// use powertools_core::http::strip_stage;
///
/// assert_eq!(strip_stage("/prod/greeting", "prod"), "/greeting");
/// assert_eq!(strip_stage("/prod", "prod"), "/");
/// assert_eq!(strip_stage("/production", "prod"), "/production");
/// ```
#[must_use]
pub fn strip_stage<'a>(path: &'a str, stage: &str) -> &'a str {
    if stage.is_empty() {
        return path;
    }
    match path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(stage))
    {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_first_segment_is_a_stage() {
        assert_eq!(strip_stage("/prod/", "prod"), "/");
        assert_eq!(strip_stage("/prod/prod/x", "prod"), "/prod/x");
        assert_eq!(strip_stage("/x/prod", "prod"), "/x/prod");
        assert_eq!(strip_stage("/greeting", "$default"), "/greeting");
        assert_eq!(strip_stage("/greeting", ""), "/greeting");
        assert_eq!(strip_stage("prod/x", "prod"), "prod/x");
        assert_eq!(strip_stage("", "prod"), "");
    }
}
