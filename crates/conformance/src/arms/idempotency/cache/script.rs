//! What the scripts of the store do, told by their hashes. A script that was changed has another
//! hash: then it is not known here until somebody has looked at it.

use std::borrow::Cow;

use redis::Value;

use super::server::Server;
use crate::json::Json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Claim,
    TakeOver,
    Lock,
    Replace,
    Complete,
    Release,
    Read,
}

const HASHES: [(&str, Script); 7] = [
    ("f387e7270f45f13e90a873136446c3084c63d075", Script::Claim),
    ("218903a9a7f895de3767ce3f4d515139fcfc6d7e", Script::TakeOver),
    ("9f999ff652878c38d954fb2f1a237eb60d42e23b", Script::Lock),
    ("62436ef21467a1f45ff928423f0b6e8073133317", Script::Replace),
    ("bae59852dda775e95c0741eecc8e259899f42268", Script::Complete),
    ("82997c01e9acf946527466b9ffc73b45220fb51f", Script::Release),
    ("d3c21d0c2b9ca22f82737626a27bcaf5d288f99f", Script::Read),
];

impl Script {
    pub(super) fn of_hash(hash: &str) -> Option<Self> {
        let known = HASHES.iter().find(|(known, _)| *known == hash);
        known.map(|(_, script)| *script)
    }

    /// `None` if it was given other keys or arguments than it takes.
    pub(super) fn run(
        self,
        server: &mut Server,
        keys: &[&str],
        arguments: &[&[u8]],
        now: i64,
    ) -> Option<Value> {
        let key = *keys.first()?;
        let there = server.get(key, now).map(<[u8]>::to_vec);
        let there = there.as_deref();
        Some(match (self, arguments) {
            (Self::Read, []) => text(there),
            (Self::Claim, [value, ttl]) => match there {
                Some(there) if there != *value => text(Some(there)),
                _ => {
                    server.set(key, value, Some(number(ttl)?), now);
                    Value::Nil
                }
            },
            (Self::TakeOver, [seen, value, ttl, lock_ttl]) => match there {
                Some(there) if there == *value => DONE,
                Some(there) if there != *seen => text(Some(there)),
                Some(_) if server.get(keys.get(1)?, now).is_some() => REFUSED,
                _ => {
                    if there.is_some() {
                        server.set(keys.get(1)?, b"True", Some(number(lock_ttl)?), now);
                    }
                    server.set(key, value, Some(number(ttl)?), now);
                    DONE
                }
            },
            (Self::Lock, [value, ttl]) => match there {
                Some(there) => Value::Int((there == *value).into()),
                None => {
                    server.set(key, value, Some(number(ttl)?), now);
                    DONE
                }
            },
            (Self::Replace, [seen, value, ttl]) => match there {
                Some(there) if there == *value => DONE,
                Some(there) if there != *seen => text(Some(there)),
                _ => {
                    server.set(key, value, Some(number(ttl)?), now);
                    DONE
                }
            },
            (Self::Complete, [owner, status, lease, seen, value, ttl, kept, data]) => {
                let fence = Fence::of(owner, status, lease, seen)?;
                let mut value = Cow::Borrowed(*value);
                if let Some(there) = there {
                    let Some(record) = fence.lets(there) else {
                        return Some(REFUSED);
                    };
                    let own = [word(data)?, "powertools_error", NO_RESPONSE, OVERFLOW];
                    let new = Json::parse(word(&value)?).ok()?;
                    let is_same = |name| record.get(name) == new.get(name);
                    if !fence.is_running(&record) && !own.into_iter().all(is_same) {
                        return Some(REFUSED);
                    }
                    let kept = word(kept)?;
                    let hash = record.get(kept).and_then(Json::as_text);
                    if let Some(hash) = hash.filter(|_| !kept.is_empty()) {
                        let (name, hash) = (Json::text(kept), Json::text(hash));
                        let rest = format!(",{name}:{hash}}}");
                        let open = value.strip_suffix(b"}")?;
                        value = Cow::Owned([open, rest.as_bytes()].concat());
                    }
                }
                server.set(key, &value, Some(number(ttl)?), now);
                DONE
            }
            (Self::Release, [owner, status, lease, seen]) => {
                let fence = Fence::of(owner, status, lease, seen)?;
                let Some(there) = there else {
                    return Some(DONE);
                };
                let record = fence.lets(there);
                if !record.is_some_and(|record| fence.is_running(&record)) {
                    return Some(REFUSED);
                }
                server.delete(key, now);
                DONE
            }
            _ => return None,
        })
    }
}

const DONE: Value = Value::Int(1);
const REFUSED: Value = Value::Int(0);

const NO_RESPONSE: &str = "powertools_no_response";
const OVERFLOW: &str = "powertools_overflow";

/// Whose record it must be that is finished.
struct Fence<'a> {
    /// The mark; empty for one of another language.
    owner: &'a str,
    status: &'a str,
    lease: &'a str,
    /// The lease that was seen, for a record without a mark.
    seen: Option<f64>,
}

impl<'a> Fence<'a> {
    fn of(owner: &'a [u8], status: &'a [u8], lease: &'a [u8], seen: &'a [u8]) -> Option<Self> {
        Some(Self {
            owner: word(owner)?,
            status: word(status)?,
            lease: word(lease)?,
            seen: word(seen)?.parse().ok(),
        })
    }

    /// The record, if it is theirs.
    fn lets(&self, there: &[u8]) -> Option<Json> {
        let record = Json::parse(word(there)?).ok()?;
        record.as_object()?;
        let mark = record.get("powertools_owner").and_then(Json::as_text);
        let lease = record.get(self.lease).and_then(Json::as_number);
        let lease = lease.map(|lease| lease.as_f64().floor());
        let mark = mark.unwrap_or_default();
        let is_other_run = mark.is_empty() && self.is_running(&record) && lease != self.seen;
        (mark == self.owner && !is_other_run).then_some(record)
    }

    fn is_running(&self, record: &Json) -> bool {
        record.get(self.status).and_then(Json::as_text) == Some("INPROGRESS")
    }
}

fn word(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// `SET key value` with these options.
pub(super) fn set(
    server: &mut Server,
    key: &str,
    value: &[u8],
    options: &[Cow<'_, str>],
    now: i64,
) -> Option<Value> {
    let (mut seconds, mut only_new) = (None, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match &**option {
            "EX" => seconds = Some(options.next()?.parse().ok().filter(|ttl| *ttl > 0)?),
            "NX" => only_new = true,
            _ => return None,
        }
    }
    if only_new && server.get(key, now).is_some() {
        return Some(Value::Nil);
    }
    server.set(key, value, seconds, now);
    Some(Value::Okay)
}

pub(super) fn text(value: Option<&[u8]>) -> Value {
    value.map_or(Value::Nil, |value| Value::BulkString(value.to_vec()))
}

/// Seconds to live, of which a server takes one at least.
fn number(argument: &[u8]) -> Option<i64> {
    let number = word(argument)?.parse().ok();
    number.filter(|seconds| *seconds > 0)
}
