use super::Json;

/// Our value with theirs wherever a rule says that they are the same, at any depth.
#[must_use]
pub(crate) fn where_same(theirs: &Json, ours: &Json, same: fn(&Json, &Json) -> bool) -> Json {
    match (theirs, ours) {
        (theirs, ours) if same(theirs, ours) => theirs.clone(),
        (Json::Array(theirs), Json::Array(own)) => {
            let items = own.iter().enumerate();
            let beside = |(item, own): (usize, &Json)| match theirs.get(item) {
                Some(theirs) => where_same(theirs, own, same),
                None => own.clone(),
            };
            Json::Array(items.map(beside).collect())
        }
        (Json::Object(theirs), Json::Object(own)) => {
            let members = own.iter().map(|(name, own)| match theirs.get(name) {
                Some(theirs) => (name, where_same(theirs, own, same)),
                None => (name, own.clone()),
            });
            Json::object(members)
        }
        _ => ours.clone(),
    }
}
