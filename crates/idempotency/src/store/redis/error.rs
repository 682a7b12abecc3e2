use std::{error::Error, fmt, io};

use redis::{ErrorKind, RedisError};

use crate::{StoreError, StoreErrorKind};

/// What went wrong, without a word of what was sent: Redis repeats arguments in its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// Redis said so.
    Code(Box<str>),
    Timeout,
    TimeLimit,
    Dropped,
    Refused,
    Io(io::ErrorKind),
    CutOff,
    Login,
    Config,
    Unexpected,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "redis answered with {code}"),
            Self::Timeout => f.write_str("redis did not answer in time"),
            Self::TimeLimit => f.write_str("the time limit of the store was reached"),
            Self::Dropped => f.write_str("the connection to redis broke"),
            Self::Refused => f.write_str("redis refused the connection"),
            Self::Io(kind) => write!(f, "the connection to redis failed: {kind}"),
            Self::CutOff => f.write_str("the reply of redis cannot be read"),
            Self::Login => f.write_str("redis refused the login"),
            Self::Config => f.write_str(
                "the redis client cannot connect like this; for rediss:// switch on a TLS \
                 feature of the redis crate",
            ),
            Self::Unexpected => f.write_str("redis gave a reply of another type than expected"),
        }
    }
}

impl Error for Cause {}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would be the same.
    Never,
    /// With another connection.
    AtOnce,
    /// The server is not ready.
    Later,
}

/// Why one attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) again: Again,
    /// Whether the server may have done the step, or may do it yet.
    pub(super) ambiguous: bool,
    kind: StoreErrorKind,
    cause: Cause,
}

impl Failure {
    /// The error for the caller. After an attempt that may have been done, the only thing that
    /// is known is that nothing is.
    pub(super) fn into_error(self, ambiguous: bool) -> StoreError {
        let kind = if ambiguous {
            StoreErrorKind::Unavailable
        } else {
            self.kind
        };
        StoreError::new(kind).with_source(self.cause)
    }
}

/// The attempts took too long.
pub(super) fn time_limit() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(Cause::TimeLimit)
}

/// A reply that no script gives.
pub(super) fn unexpected() -> StoreError {
    StoreError::new(StoreErrorKind::Other).with_source(Cause::Unexpected)
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if let Some(code) = server_code(&error) {
            return Self::of_code(code);
        }
        let (kind, again, cause) = match error.kind() {
            ErrorKind::AuthenticationFailed => {
                (StoreErrorKind::AccessDenied, Again::Never, Cause::Login)
            }
            ErrorKind::InvalidClientConfig => (StoreErrorKind::Other, Again::Never, Cause::Config),
            ErrorKind::Parse => (StoreErrorKind::Unavailable, Again::AtOnce, Cause::CutOff),
            ErrorKind::UnexpectedReturnType => {
                (StoreErrorKind::Other, Again::Never, Cause::Unexpected)
            }
            _ => {
                let cause = cause_of_io(&error);
                // Nobody listens: another attempt at once would find the same.
                let again = if matches!(cause, Cause::Refused) {
                    Again::Later
                } else {
                    Again::AtOnce
                };
                (StoreErrorKind::Unavailable, again, cause)
            }
        };
        Self {
            again,
            ambiguous: kind == StoreErrorKind::Unavailable && cause != Cause::Refused,
            kind,
            cause,
        }
    }
}

impl Failure {
    fn of_code(code: &str) -> Self {
        let (kind, again) = match code {
            "NOAUTH" | "NOPERM" | "WRONGPASS" => (StoreErrorKind::AccessDenied, Again::Never),
            // The memory of the server, not the size of this record.
            "OOM" => (StoreErrorKind::Throttled, Again::Never),
            "BUSY" | MAX_CLIENTS => (StoreErrorKind::Throttled, Again::Later),
            "WRONGTYPE" => (StoreErrorKind::InvalidRecord, Again::Never),
            "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "NOREPLICAS" | "READONLY" | "TRYAGAIN" => {
                (StoreErrorKind::Unavailable, Again::Later)
            }
            "MISCONF" => (StoreErrorKind::Unavailable, Again::Never),
            _ => (StoreErrorKind::Other, Again::Never),
        };
        Self {
            again,
            ambiguous: false,
            kind,
            cause: Cause::Code(code.into()),
        }
    }
}

fn cause_of_io(error: &RedisError) -> Cause {
    if error.is_timeout() {
        Cause::Timeout
    } else if error.is_connection_refusal() {
        Cause::Refused
    } else if error.is_connection_dropped() {
        Cause::Dropped
    } else {
        let source = error.source();
        let io = source.and_then(<dyn Error>::downcast_ref::<io::Error>);
        Cause::Io(io.map_or(io::ErrorKind::Other, io::Error::kind))
    }
}

/// Not a code of Redis, which says `ERR` and a sentence.
const MAX_CLIENTS: &str = "max number of clients reached";

/// Those that Redis 6 and older put into the text of a script's error.
const IN_TEXT: [&str; 10] = [
    MAX_CLIENTS,
    "WRONGTYPE",
    "OOM",
    "NOPERM",
    "NOAUTH",
    "READONLY",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
];

/// The first word of an error line, and only that: the rest may show arguments.
fn server_code(error: &RedisError) -> Option<&str> {
    let code = error.code()?;
    if code != "ERR" {
        let is_word = code.len() <= 32 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        return Some(if is_word { code } else { "an error" });
    }
    let detail = error.detail().unwrap_or_default();
    // Redis 7 has no code for what a script may not do.
    if detail.starts_with("The user executing the script can't") {
        return Some("NOPERM");
    }
    // An unknown command is repeated with its arguments, which may hold anything.
    let told = detail.starts_with("Error running script") || detail.starts_with(MAX_CLIENTS);
    let known = IN_TEXT
        .into_iter()
        .find(|code| told && detail.contains(code));
    Some(known.unwrap_or("ERR"))
}

/// Whether a connection that gave this error may be used again.
pub(super) fn is_connection_fit(error: &RedisError) -> bool {
    match server_code(error) {
        // The old primary: a new connection may find the new one.
        Some("READONLY" | "MASTERDOWN" | MAX_CLIENTS) | None => false,
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_line(line: &str) -> RedisError {
        let reply = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
        reply
            .expect("a reply")
            .extract_error()
            .expect_err("an error line")
    }

    #[test]
    fn error_lines_become_kinds() {
        use StoreErrorKind as Kind;
        for (line, kind, again) in [
            (
                "NOAUTH Authentication required.",
                Kind::AccessDenied,
                Again::Never,
            ),
            (
                "WRONGPASS invalid username-password pair",
                Kind::AccessDenied,
                Again::Never,
            ),
            (
                "NOPERM no permissions to access a key",
                Kind::AccessDenied,
                Again::Never,
            ),
            ("OOM command not allowed", Kind::Throttled, Again::Never),
            ("BUSY Redis is busy", Kind::Throttled, Again::Later),
            (
                "ERR max number of clients reached",
                Kind::Throttled,
                Again::Later,
            ),
            ("LOADING Redis is loading", Kind::Unavailable, Again::Later),
            ("TRYAGAIN Multiple keys", Kind::Unavailable, Again::Later),
            (
                "CLUSTERDOWN The cluster is down",
                Kind::Unavailable,
                Again::Later,
            ),
            ("READONLY You can't write", Kind::Unavailable, Again::Later),
            (
                "MASTERDOWN Link with MASTER is down",
                Kind::Unavailable,
                Again::Later,
            ),
            (
                "WRONGTYPE Operation against",
                Kind::InvalidRecord,
                Again::Never,
            ),
            ("ERR unknown", Kind::Other, Again::Never),
            (
                "ERR The user executing the script can't run this command or subcommand script: 1",
                Kind::AccessDenied,
                Again::Never,
            ),
            (
                "ERR Error running script (call to f_1): @user_script:1: WRONGTYPE Operation",
                Kind::InvalidRecord,
                Again::Never,
            ),
        ] {
            let failure = Failure::from(of_line(line));
            assert_eq!((failure.kind, failure.again), (kind, again), "{line}");
            assert!(!failure.ambiguous, "{line}: the server has answered");
        }
    }

    #[test]
    fn argument_that_redis_repeats_is_not_shown() {
        let line = "ERR unknown command 'EVALSHA', with args beginning with: 's3cret OOM'";
        let failure = Failure::from(of_line(line));
        assert_eq!(failure.kind, StoreErrorKind::Other);
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
        let odd = Failure::from(of_line("s3cret x"));
        assert!(!format!("{odd:?}").contains("s3cret"), "{odd:?}");
    }

    #[test]
    fn what_the_network_loses_is_ambiguous_and_a_refused_connection_is_not() {
        for (kind, ambiguous) in [
            (io::ErrorKind::TimedOut, true),
            (io::ErrorKind::ConnectionReset, true),
            (io::ErrorKind::UnexpectedEof, true),
            (io::ErrorKind::ConnectionRefused, false),
        ] {
            let failure = Failure::from(RedisError::from(io::Error::from(kind)));
            assert_eq!(failure.kind, StoreErrorKind::Unavailable, "{kind}");
            assert_eq!(failure.ambiguous, ambiguous, "{kind}");
            assert_ne!(failure.again, Again::Never, "{kind}");
        }
    }

    #[test]
    fn error_after_a_lost_reply_does_not_claim_to_know() {
        let denied = || Failure::from(of_line("NOPERM no"));
        assert_eq!(
            denied().into_error(false).kind(),
            StoreErrorKind::AccessDenied
        );
        assert_eq!(
            denied().into_error(true).kind(),
            StoreErrorKind::Unavailable
        );
    }
}
