//! The blocks of a document: `http`, `aws`, `sql`, `cause`.

use super::{
    members::{self, Kind, Report, Table},
    rules::TraceRule,
};
use crate::check::{Json, Object, path};

const HTTP: Table = Table::new(&[("request", Kind::Object), ("response", Kind::Object)]);

const REQUEST: Table = Table::new(&[
    ("method", Kind::Text),
    ("url", Kind::Text),
    ("user_agent", Kind::Text),
    ("client_ip", Kind::Text),
])
.apart(
    &[("x_forwarded_for", Kind::Bool)],
    &[("traced", Kind::Bool)],
);

const RESPONSE: Table = Table::new(&[("status", Kind::Number), ("content_length", Kind::Number)]);

const AWS: Table = Table::new(&[
    ("account_id", Kind::Text),
    ("operation", Kind::Text),
    ("region", Kind::Text),
    ("request_id", Kind::Text),
    ("queue_url", Kind::Text),
    ("table_name", Kind::Text),
    ("table_names", Kind::Texts),
    ("resource_names", Kind::Texts),
    ("retries", Kind::Number),
    ("cloudwatch_logs", Kind::Objects),
    ("ec2", Kind::Object),
    ("ecs", Kind::Object),
    ("eks", Kind::Object),
    ("elastic_beanstalk", Kind::Object),
    ("tracing", Kind::Object),
    ("xray", Kind::Object),
])
.open();

const XRAY: Table = Table::new(&[
    ("sdk", Kind::Text),
    ("sdk_version", Kind::Text),
    ("auto_instrumentation", Kind::Bool),
])
.open();

const SERVICE: Table = Table::new(&[("version", Kind::Text)]).open();

const SQL: Table = Table::new(&[
    ("connection_string", Kind::Text),
    ("url", Kind::Text),
    ("sanitized_query", Kind::LongText),
    ("database_type", Kind::Text),
    ("database_version", Kind::Text),
    ("driver_version", Kind::Text),
    ("user", Kind::Text),
    ("preparation", Kind::Checked),
]);

const CAUSE: Table = Table::new(&[
    ("working_directory", Kind::LongText),
    ("paths", Kind::Texts),
    ("exceptions", Kind::Checked),
]);

const EXCEPTION: Table = Table::new(&[
    ("id", Kind::Checked),
    ("message", Kind::LongText),
    ("type", Kind::LongText),
    ("remote", Kind::Bool),
    ("truncated", Kind::Integer),
    ("skipped", Kind::Integer),
    ("cause", Kind::Id),
    ("stack", Kind::Checked),
]);

const FRAME: Table = Table::new(&[
    ("path", Kind::LongText),
    ("line", Kind::Integer),
    ("label", Kind::LongText),
]);

/// Checks the blocks of one segment or subsegment.
pub(super) fn check(object: &Object, at: &str, is_subsegment: bool, report: &mut Report) {
    let mut checker = Checker {
        is_subsegment,
        report,
    };
    for (key, value) in object.iter() {
        let at = &path::step(at, key);
        match (key, value.as_object()) {
            ("http", Some(http)) => checker.http(http, at),
            ("aws", Some(aws)) => checker.aws(aws, at),
            ("service", Some(service)) => checker.members(service, at, SERVICE),
            ("sql", Some(sql)) => checker.sql(sql, at),
            ("cause", _) => checker.cause(value, at),
            _ => {}
        }
    }
}

struct Checker<'a> {
    is_subsegment: bool,
    report: &'a mut Report,
}

impl Checker<'_> {
    fn members(&mut self, object: &Object, at: &str, table: Table) {
        members::check(object, at, table, self.is_subsegment, self.report);
    }

    fn block(&mut self, parent: &Object, at: &str, key: &str, table: Table) {
        if let Some(object) = parent.get(key).and_then(Json::as_object) {
            self.members(object, &path::step(at, key), table);
        }
    }

    fn http(&mut self, http: &Object, at: &str) {
        self.members(http, at, HTTP);
        self.block(http, at, "request", REQUEST);
        self.block(http, at, "response", RESPONSE);
    }

    fn aws(&mut self, aws: &Object, at: &str) {
        self.members(aws, at, AWS);
        self.block(aws, at, "xray", XRAY);
    }

    fn sql(&mut self, sql: &Object, at: &str) {
        self.members(sql, at, SQL);
        let Some(preparation) = sql.get("preparation") else {
            return;
        };
        if !matches!(preparation.as_text(), Some("call" | "statement")) {
            let at = path::step(at, "preparation");
            self.report
                .add(TraceRule::MemberType, &at, &preparation.to_string());
        }
    }

    fn cause(&mut self, cause: &Json, at: &str) {
        let object = match cause {
            Json::Object(object) => object,
            Json::Text(id) if members::is_id(id) => return,
            _ => return self.report.add(TraceRule::Cause, at, &cause.to_string()),
        };
        self.members(object, at, CAUSE);
        let at = path::step(at, "exceptions");
        for (exception, at) in objects(object.get("exceptions"), &at, self.report) {
            self.members(exception, &at, EXCEPTION);
            let id = exception.get("id");
            if !id.and_then(Json::as_text).is_some_and(members::is_id) {
                self.report
                    .wrong(TraceRule::MemberType, &path::step(&at, "id"), id);
            }
            let at = path::step(&at, "stack");
            for (frame, at) in objects(exception.get("stack"), &at, self.report) {
                self.members(frame, &at, FRAME);
            }
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
