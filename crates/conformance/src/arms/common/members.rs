//! Reads the members of an operation. What has another form than the vocabulary says is
//! refused: nobody would know what it asks for.

use crate::{
    arm::Refusal,
    json::{Json, Object},
};

pub(in crate::arms) fn unknown(what: impl Into<String>) -> Refusal {
    Refusal::Unknown(what.into())
}

/// Whether all names are among these.
pub(in crate::arms) fn known(object: &Object, names: &[&str]) -> Result<(), Refusal> {
    match object.name_other_than(names) {
        Some(name) => Err(unknown(format!("the member `{name}`"))),
        None => Ok(()),
    }
}

pub(in crate::arms) fn object<'a>(value: &'a Json, what: &str) -> Result<&'a Object, Refusal> {
    let other = || unknown(format!("{what} that is no object"));
    value.as_object().ok_or_else(other)
}

/// A member that may be null as well as absent.
pub(in crate::arms) fn given<'a>(operation: &'a Json, name: &str) -> Option<&'a Json> {
    operation.get(name).filter(|value| **value != Json::Null)
}

fn read<'a, T>(
    operation: &'a Json,
    name: &str,
    read: impl FnOnce(&'a Json) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let other = || unknown(format!("`{name}` of this type"));
    let value = given(operation, name);
    value.map(|value| read(value).ok_or_else(other)).transpose()
}

fn must<T>(name: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| unknown(format!("an operation without `{name}`")))
}

pub(in crate::arms) fn text<'a>(
    operation: &'a Json,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    read(operation, name, Json::as_text)
}

pub(in crate::arms) fn must_text<'a>(operation: &'a Json, name: &str) -> Result<&'a str, Refusal> {
    must(name, text(operation, name)?)
}

pub(in crate::arms) fn bool(operation: &Json, name: &str) -> Result<Option<bool>, Refusal> {
    read(operation, name, Json::as_bool)
}

pub(in crate::arms) fn fields<'a>(
    operation: &'a Json,
    name: &str,
) -> Result<Option<&'a Json>, Refusal> {
    read(operation, name, |value| value.as_object().map(|_| value))
}

pub(in crate::arms) fn must_fields<'a>(
    operation: &'a Json,
    name: &str,
) -> Result<&'a Json, Refusal> {
    must(name, fields(operation, name)?)
}

/// A list of texts.
pub(in crate::arms) fn names<'a>(
    operation: &'a Json,
    name: &str,
) -> Result<Option<Vec<&'a str>>, Refusal> {
    read(operation, name, |value| {
        value.as_array()?.iter().map(Json::as_text).collect()
    })
}

pub(in crate::arms) fn must_names<'a>(
    operation: &'a Json,
    name: &str,
) -> Result<Vec<&'a str>, Refusal> {
    must(name, names(operation, name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_counts_as_absent_and_another_type_is_refused() {
        let operation = Json::parse(r#"{"a":null,"b":1,"c":["x",1],"d":{}}"#).unwrap();
        assert_eq!(text(&operation, "a"), Ok(None));
        assert_eq!(bool(&operation, "z"), Ok(None));
        assert!(must_text(&operation, "a").is_err());
        assert!(text(&operation, "b").is_err());
        assert!(names(&operation, "c").is_err());
        assert!(fields(&operation, "b").is_err());
        assert!(must_fields(&operation, "d").is_ok());
    }
}
