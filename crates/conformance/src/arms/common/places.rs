//! What is told by the operation at which it came.

use crate::json::{Json, Object};

/// A list among the members, or an empty one.
pub(in crate::arms) fn list<'a>(value: &'a Json, name: &str) -> &'a [Json] {
    value.get(name).and_then(Json::as_array).unwrap_or_default()
}

/// The members that belong to no line. Lists of what happened at an operation are told by its place; there may
/// be none. A warning says nothing but its place.
pub(in crate::arms) fn by_place(
    answer: &Json,
    of_lines: &[&str],
    change: impl Fn(&str, &Json) -> Json,
) -> Json {
    let object = answer.as_object().cloned().unwrap_or_default();
    let lists = ["errors", "values", "warnings"].map(|name| {
        let items = list(answer, name).iter().map(|item| {
            let at = item.get("at");
            let place = at.and_then(Json::as_text).map(str::to_owned);
            let place = place.unwrap_or_else(|| at.map_or_else(String::new, Json::to_string));
            match name {
                "warnings" => (place, Json::Bool(true)),
                _ => (place, change(name, item)),
            }
        });
        // Several warnings of one operation count as one.
        let mut places: Vec<(String, Json)> = items.collect();
        if name == "warnings" {
            places.sort_by(|one, other| one.0.cmp(&other.0));
            places.dedup();
        }
        (name.to_owned(), Json::object(places))
    });
    let is_other =
        |name: &str| !of_lines.contains(&name) && lists.iter().all(|(list, _)| list != name);
    let others = object.iter().filter(|(name, _)| is_other(name));
    let others = others.map(|(name, value)| (name.to_owned(), value.clone()));
    Json::object(others.chain(lists.clone()).collect::<Vec<_>>())
}

/// The object with each of its members changed; what is no object stays.
pub(in crate::arms) fn change_members(value: &Json, change: impl Fn(&str, &Json) -> Json) -> Json {
    match value.as_object() {
        Some(object) => {
            let members = object
                .iter()
                .map(|(name, value)| (name, change(name, value)));
            Json::Object(members.collect::<Object>())
        }
        None => value.clone(),
    }
}
