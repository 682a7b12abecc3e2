//! The blocks of a document: `http`, `aws`, `sql`, `cause`.

use super::{
    members::{self, Kind, Report},
    rules::TraceRule,
};
use crate::check::{Json, Object, path};

const HTTP: &[(&str, Kind)] = &[("request", Kind::Object), ("response", Kind::Object)];

const REQUEST: &[(&str, Kind)] = &[
    ("method", Kind::Text),
    ("url", Kind::Text),
    ("user_agent", Kind::Text),
    ("client_ip", Kind::Text),
    ("x_forwarded_for", Kind::Bool),
    ("traced", Kind::Bool),
];

const RESPONSE: &[(&str, Kind)] = &[("status", Kind::Number), ("content_length", Kind::Number)];

const AWS: &[(&str, Kind)] = &[
    ("account_id", Kind::Text),
    ("operation", Kind::Text),
    ("region", Kind::Text),
    ("request_id", Kind::Text),
    ("queue_url", Kind::Text),
    ("table_name", Kind::Text),
    ("table_names", Kind::Texts),
    ("resource_names", Kind::Texts),
    ("retries", Kind::Number),
    ("cloudwatch_logs", Kind::Array),
    ("ec2", Kind::Object),
    ("ecs", Kind::Object),
    ("eks", Kind::Object),
    ("elastic_beanstalk", Kind::Object),
    ("tracing", Kind::Object),
    ("xray", Kind::Object),
];

const SQL: &[(&str, Kind)] = &[
    ("connection_string", Kind::Text),
    ("url", Kind::Text),
    ("sanitized_query", Kind::LongText),
    ("database_type", Kind::Text),
    ("database_version", Kind::Text),
    ("driver_version", Kind::Text),
    ("user", Kind::Text),
    ("preparation", Kind::Checked),
];

const CAUSE: &[(&str, Kind)] = &[
    ("working_directory", Kind::LongText),
    ("paths", Kind::Texts),
    ("exceptions", Kind::Checked),
];

const EXCEPTION: &[(&str, Kind)] = &[
    ("id", Kind::Checked),
    ("message", Kind::LongText),
    ("type", Kind::LongText),
    ("remote", Kind::Bool),
    ("truncated", Kind::Number),
    ("skipped", Kind::Number),
    ("cause", Kind::Id),
    ("stack", Kind::Checked),
];

const FRAME: &[(&str, Kind)] = &[
    ("path", Kind::LongText),
    ("line", Kind::Number),
    ("label", Kind::LongText),
];

/// Checks the blocks of one segment or subsegment.
pub(super) fn check(object: &Object, at: &str, report: &mut Report) {
    for (key, value) in object.iter() {
        let at = &path::step(at, key);
        match (key, value.as_object()) {
            ("http", Some(http)) => self::http(http, at, report),
            ("aws", Some(aws)) => members::check(aws, at, AWS, report),
            ("sql", Some(sql)) => self::sql(sql, at, report),
            ("cause", _) => cause(value, at, report),
            _ => {}
        }
    }
}

fn http(http: &Object, at: &str, report: &mut Report) {
    members::check(http, at, HTTP, report);
    for (block, table) in [("request", REQUEST), ("response", RESPONSE)] {
        if let Some(object) = http.get(block).and_then(Json::as_object) {
            members::check(object, &path::step(at, block), table, report);
        }
    }
}

fn sql(sql: &Object, at: &str, report: &mut Report) {
    members::check(sql, at, SQL, report);
    let Some(preparation) = sql.get("preparation") else {
        return;
    };
    if !matches!(preparation.as_text(), Some("call" | "statement")) {
        let at = path::step(at, "preparation");
        report.add(TraceRule::MemberType, &at, &preparation.to_string());
    }
}

fn cause(cause: &Json, at: &str, report: &mut Report) {
    let object = match cause {
        Json::Object(object) => object,
        Json::Text(id) if members::is_id(id) => return,
        _ => return report.add(TraceRule::Cause, at, &cause.to_string()),
    };
    members::check(object, at, CAUSE, report);
    let at = path::step(at, "exceptions");
    for (exception, at) in objects(object.get("exceptions"), &at, report) {
        members::check(exception, &at, EXCEPTION, report);
        let id = exception.get("id");
        if !id.and_then(Json::as_text).is_some_and(members::is_id) {
            report.wrong(TraceRule::MemberType, &path::step(&at, "id"), id);
        }
        let at = path::step(&at, "stack");
        for (frame, at) in objects(exception.get("stack"), &at, report) {
            members::check(frame, &at, FRAME, report);
        }
    }
}

/// The objects of an array with their paths; what is no such array is a violation.
pub(super) fn objects<'a>(
    value: Option<&'a Json>,
    at: &str,
    report: &mut Report,
) -> Vec<(&'a Object, String)> {
    let Some(value) = value else {
        return Vec::new();
    };
    let Some(items) = value.as_array() else {
        report.add(TraceRule::MemberType, at, &value.to_string());
        return Vec::new();
    };
    let mut found = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let at = path::item(at, position);
        match item.as_object() {
            Some(object) => found.push((object, at)),
            None => report.add(TraceRule::MemberType, &at, &item.to_string()),
        }
    }
    found
}
