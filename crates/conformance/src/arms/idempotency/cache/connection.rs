use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use powertools_core::test_util::ManualClock;
use redis::{
    Arg, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
    aio::ConnectionLike,
};

use super::{
    script::{self, Script},
    server::Server,
};
use crate::{arms::idempotency::time::millis, json::Json};

/// A connection to the server of a case. Clones speak to the same.
#[derive(Clone)]
pub(in crate::arms::idempotency) struct Connection {
    server: Arc<Mutex<Server>>,
    clock: ManualClock,
    unknown: Arc<Mutex<Option<String>>>,
}

impl Connection {
    pub(in crate::arms::idempotency) fn new(clock: ManualClock) -> Self {
        Self {
            server: Arc::default(),
            clock,
            unknown: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        millis(&self.clock)
    }

    /// Puts a value there, without a command.
    pub(in crate::arms::idempotency) fn set(&self, key: &str, value: &str, seconds: Option<i64>) {
        self.lock().set(key, value.as_bytes(), seconds, self.now());
    }

    pub(in crate::arms::idempotency) fn clear(&self) {
        self.lock().clear();
    }

    /// Keys, values and the milliseconds that are left of each.
    pub(in crate::arms::idempotency) fn entries(&self) -> Vec<(String, String, Option<i64>)> {
        let now = self.now();
        let shown = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let server = self.lock();
        let entries = server.entries(now).map(|(key, entry)| {
            let left = entry.expires_at.map(|end| end - now);
            (key.to_owned(), shown(&entry.value), left)
        });
        entries.collect()
    }

    /// A command, or a script, that the server was sent and does not know.
    pub(in crate::arms::idempotency) fn unknown(&self) -> Option<String> {
        let unknown = self.unknown.lock();
        unknown.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, command: &Cmd) -> RedisResult<Value> {
        let words: Vec<&[u8]> = command
            .args_iter()
            .map(|argument| match argument {
                Arg::Simple(word) => word,
                _ => b"".as_slice(),
            })
            .collect();
        let shown: Vec<_> = words.iter().map(|w| String::from_utf8_lossy(w)).collect();
        let reply = match (&*shown[0], &shown[1..]) {
            ("EVALSHA", [hash, ..]) => match Script::of_hash(hash) {
                Some(script) => self.run(script, &words[2..]),
                // The whole script is sent next.
                None => {
                    let kind = ErrorKind::Server(ServerErrorKind::NoScript);
                    return Err(RedisError::from((kind, "No matching script")));
                }
            },
            ("GET", [key]) => Some(script::text(self.lock().get(key, self.now()))),
            ("DEL", [key]) => Some(Value::Int(self.lock().delete(key, self.now()).into())),
            ("SET", [key, _, rest @ ..]) => {
                script::set(&mut self.lock(), key, words[2], rest, self.now())
            }
            _ => None,
        };
        reply.ok_or_else(|| {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            let command = Json::text(shown.join(" ")).to_string();
            *unknown = Some(format!("the command {command}"));
            RedisError::from((ErrorKind::Client, "a command that nobody knows"))
        })
    }

    /// Runs a script of as many keys as the first word says.
    fn run(&self, script: Script, words: &[&[u8]]) -> Option<Value> {
        let count: usize = std::str::from_utf8(words.first()?).ok()?.parse().ok()?;
        let (keys, arguments) = words[1..].split_at_checked(count)?;
        let keys: Option<Vec<_>> = keys
            .iter()
            .map(|key| std::str::from_utf8(key).ok())
            .collect();
        script.run(&mut self.lock(), &keys?, arguments, self.now())
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let reply = self.answer(cmd);
        Box::pin(async { reply })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let commands = pipeline.cmd_iter().skip(offset).take(count);
        let replies = commands.map(|command| self.answer(command)).collect();
        Box::pin(async { replies })
    }

    fn get_db(&self) -> i64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::arms::idempotency::time;

    fn command(words: &[&str]) -> Cmd {
        let mut command = Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command
    }

    fn connection() -> (Connection, ManualClock) {
        let clock = ManualClock::at(time::at(1_000_000));
        (Connection::new(clock.clone()), clock)
    }

    fn ask(connection: &Connection, words: &[&str]) -> RedisResult<Value> {
        connection.answer(&command(words))
    }

    fn run(connection: &Connection, script: &str, words: &[&str]) -> Value {
        ask(connection, &[&["EVALSHA", script], words].concat()).expect("a known script")
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    const CLAIM: &str = "f387e7270f45f13e90a873136446c3084c63d075";
    const TAKE_OVER: &str = "218903a9a7f895de3767ce3f4d515139fcfc6d7e";
    const COMPLETE: &str = "bae59852dda775e95c0741eecc8e259899f42268";
    const RELEASE: &str = "82997c01e9acf946527466b9ffc73b45220fb51f";

    #[test]
    fn keys_live_as_long_as_they_were_given() {
        let (server, clock) = connection();
        assert_eq!(
            ask(&server, &["SET", "k", "v", "EX", "2", "NX"]),
            Ok(Value::Okay)
        );
        assert_eq!(ask(&server, &["SET", "k", "w", "NX"]), Ok(Value::Nil));
        assert_eq!(ask(&server, &["GET", "k"]), Ok(bulk("v")));
        clock.advance(Duration::from_millis(1999));
        assert_eq!(
            server.entries(),
            [("k".to_owned(), "v".to_owned(), Some(1))]
        );
        clock.advance(Duration::from_millis(1));
        assert_eq!(ask(&server, &["GET", "k"]), Ok(Value::Nil));
        assert_eq!(server.entries(), []);
        assert_eq!(ask(&server, &["SET", "k", "w", "NX"]), Ok(Value::Okay));
        assert_eq!(ask(&server, &["DEL", "k"]), Ok(Value::Int(1)));
        assert_eq!(ask(&server, &["DEL", "k"]), Ok(Value::Int(0)));
    }

    #[test]
    fn claim_writes_only_where_there_is_nothing() {
        let (server, _) = connection();
        assert_eq!(run(&server, CLAIM, &["1", "k", "mine", "5"]), Value::Nil);
        assert_eq!(run(&server, CLAIM, &["1", "k", "mine", "5"]), Value::Nil);
        assert_eq!(
            run(&server, CLAIM, &["1", "k", "theirs", "5"]),
            bulk("mine")
        );
    }

    #[test]
    fn orphan_is_taken_over_under_a_lock_that_stays() {
        let (server, _) = connection();
        server.set("k", "orphan", Some(9));
        let words = |value| ["2", "k", "k:lock", "orphan", value, "5", "10"];
        assert_eq!(run(&server, TAKE_OVER, &words("mine")), Value::Int(1));
        assert_eq!(run(&server, TAKE_OVER, &words("other")), bulk("mine"));
        let lock = ("k:lock".to_owned(), "True".to_owned(), Some(10_000));
        assert_eq!(server.entries().pop(), Some(lock));
        server.set("k", "orphan", Some(9));
        assert_eq!(run(&server, TAKE_OVER, &words("mine")), Value::Int(0));
    }

    /// A record of `me` with a hash, in this state.
    fn record(status: &str) -> String {
        format!(r#"{{"status":"{status}","powertools_owner":"me","validation":"h","data":"1"}}"#)
    }

    const FENCE: [&str; 3] = ["status", "lease", ""];

    #[test]
    fn only_the_owner_completes_and_the_hash_stays() {
        let (server, _) = connection();
        server.set("k", &record("INPROGRESS"), Some(9));
        let complete = |owner, value| {
            let words = [
                &["1", "k", owner][..],
                &FENCE,
                &[value, "5", "validation", "data"],
            ];
            run(&server, COMPLETE, &words.concat())
        };
        assert_eq!(complete("other", r#"{"data":"2"}"#), Value::Int(0));
        assert_eq!(complete("", r#"{"data":"2"}"#), Value::Int(0));
        assert_eq!(complete("me", r#"{"data":"2"}"#), Value::Int(1));
        assert_eq!(server.entries()[0].1, r#"{"data":"2","validation":"h"}"#);
        server.set("k", &record("COMPLETED"), Some(9));
        assert_eq!(complete("me", r#"{"data":"2"}"#), Value::Int(0));
        assert_eq!(complete("me", r#"{"data":"1"}"#), Value::Int(1));
        server.clear();
        assert_eq!(complete("me", r#"{"data":"2"}"#), Value::Int(1));
        assert_eq!(server.entries()[0].1, r#"{"data":"2"}"#);
    }

    #[test]
    fn only_the_owner_releases_what_is_not_completed() {
        let (server, _) = connection();
        let release = |owner, seen| {
            let words = ["1", "k", owner, FENCE[0], FENCE[1], seen];
            run(&server, RELEASE, &words)
        };
        assert_eq!(release("me", ""), Value::Int(1));
        server.set("k", &record("COMPLETED"), Some(9));
        assert_eq!(release("me", ""), Value::Int(0));
        server.set("k", &record("INPROGRESS"), Some(9));
        assert_eq!(release("other", ""), Value::Int(0));
        assert_eq!(release("me", ""), Value::Int(1));
        server.set("k", r#"{"status":"INPROGRESS","lease":7.5}"#, Some(9));
        assert_eq!(release("", ""), Value::Int(0));
        assert_eq!(release("", "8"), Value::Int(0));
        assert_eq!(release("", "7"), Value::Int(1));
        server.set("k", "{broken", Some(9));
        assert_eq!(release("", ""), Value::Int(0));
    }

    #[test]
    fn what_the_server_does_not_know_is_told() {
        for words in [
            &["EVAL", "return 1", "0"][..],
            &["EVALSHA", CLAIM, "1", "k", "mine"],
            &["EVALSHA", CLAIM, "1", "k", "mine", "0"],
            &["SET", "k", "v", "PX", "1"],
            &["INCR", "k"],
        ] {
            let (server, _) = connection();
            assert_eq!(server.unknown(), None);
            assert!(ask(&server, words).is_err(), "{words:?}");
            assert!(server.unknown().is_some(), "{words:?}");
        }
        // The whole script comes next.
        let (server, _) = connection();
        assert!(ask(&server, &["EVALSHA", "0", "0"]).is_err());
        assert_eq!(server.unknown(), None);
    }
}
