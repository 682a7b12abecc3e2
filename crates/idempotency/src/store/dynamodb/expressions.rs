//! The expressions of the four calls. Every name stands behind an alias: many of those that
//! people choose are reserved words.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    attributes::{Attributes, ERROR, NO_RESPONSE, OVERFLOW, OWNER},
    row::{Item, number, text},
};
use crate::{
    record::{Answer, Status},
    store::{Claim, Completion, Fence},
};

/// What an expression says, with its names and values. Each of them must be used in it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Expression {
    pub(super) condition: String,
    pub(super) update: String,
    pub(super) names: Vec<(&'static str, String)>,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

/// Under which a claim is written: [`Claim::may_replace`] in the words of DynamoDB, and exactly
/// those of the other languages.
pub(super) fn claim(attributes: &Attributes, claim: &Claim<'_>) -> Expression {
    Expression {
        condition: "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress AND \
                    attribute_exists(#in_progress_expiry) AND #in_progress_expiry < \
                    :now_in_millis)"
            .to_owned(),
        update: String::new(),
        names: vec![
            ("#id", attributes.key.clone()),
            ("#expiry", attributes.expiry.clone()),
            ("#in_progress_expiry", attributes.in_progress_expiry.clone()),
            ("#status", attributes.status.clone()),
        ],
        values: vec![
            (":now", number(claim.now().seconds())),
            (":now_in_millis", number(claim.now().millis())),
            (":inprogress", text(Status::InProgress.as_str())),
        ],
    }
}

/// Under which a row is released: [`Release::may_delete`](crate::store::Release::may_delete).
pub(super) fn release(attributes: &Attributes, fence: Fence<'_>) -> Expression {
    fenced(attributes, fence, "#status = :inprogress")
}

/// Under which a row is ours: it is gone, or it passes the fence and is in this state.
fn fenced(attributes: &Attributes, fence: Fence<'_>, state: &str) -> Expression {
    let mut names = vec![
        ("#id", attributes.key.clone()),
        ("#owner", OWNER.to_owned()),
        ("#status", attributes.status.clone()),
    ];
    let mut values = vec![(":inprogress", text(Status::InProgress.as_str()))];
    let lease = || ("#in_progress_expiry", attributes.in_progress_expiry.clone());
    let ours = match fence {
        Fence::Owner(mark) => {
            values.push((":mine", text(mark)));
            "#owner = :mine"
        }
        Fence::Lease(Some(end)) => {
            names.push(lease());
            values.push((":lease", number(end)));
            "attribute_not_exists(#owner) AND #in_progress_expiry = :lease"
        }
        Fence::Lease(None) => {
            names.push(lease());
            "attribute_not_exists(#owner) AND attribute_not_exists(#in_progress_expiry)"
        }
    };
    Expression {
        condition: format!("attribute_not_exists(#id) OR ({ours} AND {state})"),
        update: String::new(),
        names,
        values,
    }
}

/// What a completion changes. Nothing stays of an answer of another kind.
pub(super) fn complete(attributes: &Attributes, completion: &Completion<'_>) -> Expression {
    let (alias, placeholder, value) = answer(completion.answer());
    // A completion may be sent twice: the row may have this answer already.
    let state = format!("(#status = :inprogress OR {alias} = {placeholder})");
    let mut complete = fenced(attributes, completion.fence(), &state);
    let mut set = vec![
        format!("{alias} = {placeholder}"),
        "#expiry = :expiry".to_owned(),
        "#status = :status".to_owned(),
    ];
    complete.values.extend([
        (placeholder, value),
        (":expiry", number(completion.expiration())),
        (":status", text(Status::Completed.as_str())),
    ]);
    complete.names.push(("#expiry", attributes.expiry.clone()));
    if matches!(completion.fence(), Fence::Owner(_)) {
        // The row may be gone, and is made again.
        set.push("#owner = :mine".to_owned());
    }
    if let Some(hash) = hash(completion.payload_hash()) {
        set.push("#validation_key = :validation_key".to_owned());
        complete
            .names
            .push(("#validation_key", attributes.validation.clone()));
        complete.values.push((":validation_key", hash));
    }
    let answers = [
        (RESPONSE_DATA, attributes.data.as_str()),
        ("#error", ERROR),
        ("#no_response", NO_RESPONSE),
        ("#overflow", OVERFLOW),
    ];
    let others = answers
        .map(|(alias, _)| alias)
        .into_iter()
        .filter(|other| *other != alias);
    let others: Vec<_> = others.collect();
    complete.update = format!("SET {} REMOVE {}", set.join(", "), others.join(", "));
    complete
        .names
        .extend(answers.map(|(alias, name)| (alias, name.to_owned())));
    complete
}

const RESPONSE_DATA: &str = "#response_data";

/// The attribute of an answer, and what it holds.
fn answer(answer: &Answer) -> (&'static str, &'static str, AttributeValue) {
    match answer {
        Answer::Response(json) => (RESPONSE_DATA, ":response_data", text(json)),
        Answer::Error(json) => ("#error", ":error", text(json)),
        Answer::Omitted => ("#no_response", ":no_response", AttributeValue::Bool(true)),
        Answer::Overflow(place) => ("#overflow", ":overflow", text(place)),
    }
}

/// The row of a claim, but for its key.
pub(super) fn claimed(attributes: &Attributes, claim: &Claim<'_>) -> Item {
    let mut row = Item::from([
        (attributes.expiry.clone(), number(claim.expiration())),
        (
            attributes.in_progress_expiry.clone(),
            number(claim.in_progress_expiration()),
        ),
        (attributes.status.clone(), text(Status::InProgress.as_str())),
        (OWNER.to_owned(), text(claim.owner())),
    ]);
    if let Some(hash) = hash(claim.payload_hash()) {
        row.insert(attributes.validation.clone(), hash);
    }
    row
}

fn hash(payload_hash: Option<&str>) -> Option<AttributeValue> {
    payload_hash.filter(|hash| !hash.is_empty()).map(text)
}
