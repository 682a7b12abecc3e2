//! Where the servers of this run are, and a place of one's own on each.
//!
//! `cargo xtask test` starts the servers and says in variables where they listen. A test
//! that needs one calls [`Aws::account`], [`Redis::plain`] or [`Redis::tls`]: each call
//! gives another account or another prefix, so tests never see each other and nothing has
//! to be cleaned up. [`Python`] is no server, but installed with them.
//!
//! | variable | holds |
//! |---|---|
//! | `PT_TEST_AWS_URL` | the AWS-compatible server; any engine may be put here |
//! | `PT_TEST_MOTO_URL` | moto, for X-Ray documents and second opinions, never for races |
//! | `PT_TEST_REDIS_URL` | Redis without TLS |
//! | `PT_TEST_REDIS_TLS_URL` | Redis with TLS and an ACL, user and password in the URL |
//! | `PT_TEST_REDIS_TLS_CA` | the file with the certificate that signed the server's |
//! | `PT_TEST_PYTHON` | a Python with Powertools for Python, boto3 and a Redis client |

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use powertools_core::{Env, SharedRandom};
use serde::{Deserialize, Serialize};

/// An account on the AWS-compatible server that no other test uses.
///
/// The server takes an access key of twelve digits as the number of the account. A child
/// process that shall see the same tables is given this as its input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Aws {
    url: String,
    access_key: String,
}

impl Aws {
    /// A new account.
    ///
    /// # Panics
    ///
    /// Without `PT_TEST_AWS_URL`: a test that needs a server does not pass without one.
    #[must_use]
    pub fn account() -> Self {
        Self {
            url: required("PT_TEST_AWS_URL"),
            access_key: digits(),
        }
    }

    /// moto, which takes the account not from the access key but from the header
    /// `x-moto-account-id`: send [`access_key`](Self::access_key) in it.
    ///
    /// # Panics
    ///
    /// Without `PT_TEST_MOTO_URL`.
    #[must_use]
    pub fn moto() -> Self {
        Self {
            url: required("PT_TEST_MOTO_URL"),
            access_key: digits(),
        }
    }

    /// The same account, reached through another address such as a fault proxy's.
    #[must_use]
    pub fn through(&self, address: SocketAddr) -> Self {
        Self {
            url: format!("http://{address}"),
            access_key: self.access_key.clone(),
        }
    }

    /// The endpoint for every service.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's address, to put a proxy in front of it.
    ///
    /// # Panics
    ///
    /// If the URL is not of the form `http://127.0.0.1:4566`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        address(&self.url)
    }

    /// Twelve digits: the access key, and the number of the account.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Any text will do: the server checks no signature.
    #[must_use]
    pub fn secret_key(&self) -> &'static str {
        "not-a-secret"
    }

    /// The region to sign for.
    #[must_use]
    pub fn region(&self) -> &'static str {
        "us-east-1"
    }
}

/// A prefix on one of the Redis servers that no other test uses. A child process that shall
/// see the same keys is given this as its input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Redis {
    url: String,
    prefix: String,
    certificate: Option<PathBuf>,
}

impl Redis {
    /// A new prefix on the server without TLS.
    ///
    /// # Panics
    ///
    /// Without `PT_TEST_REDIS_URL`.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            url: required("PT_TEST_REDIS_URL"),
            prefix: format!("{ALLOWED}{}:", digits()),
            certificate: None,
        }
    }

    /// A new prefix on the server with TLS, whose ACL lets its user touch no other keys
    /// than those that begin with `pt:`.
    ///
    /// # Panics
    ///
    /// Without `PT_TEST_REDIS_TLS_URL` or `PT_TEST_REDIS_TLS_CA`.
    #[must_use]
    pub fn tls() -> Self {
        Self {
            url: required("PT_TEST_REDIS_TLS_URL"),
            prefix: format!("{ALLOWED}{}:", digits()),
            certificate: Some(required("PT_TEST_REDIS_TLS_CA").into()),
        }
    }

    /// The same prefix, reached through another address such as a fault proxy's.
    ///
    /// # Panics
    ///
    /// If the URL has no host and port.
    #[must_use]
    pub fn through(&self, address: SocketAddr) -> Self {
        let authority = authority(&self.url);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        Self {
            url: self.url.replacen(host, &address.to_string(), 1),
            ..self.clone()
        }
    }

    /// `redis://…` or `rediss://user:password@…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's address, to put a proxy in front of it.
    ///
    /// # Panics
    ///
    /// If the URL has no loopback host and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        address(&self.url)
    }

    /// What every key of this test begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// `name` with the prefix.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The PEM text of the certificate that the client has to trust; `None` without TLS.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    #[must_use]
    pub fn certificate(&self) -> Option<Vec<u8>> {
        let path = self.certificate.as_ref()?;
        let read = fs::read(path);
        Some(read.unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display())))
    }
}

/// A Python with Powertools for Python, to compare with what it does.
#[derive(Debug, Clone)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// That which the servers of the run are installed with.
    ///
    /// # Panics
    ///
    /// Without `PT_TEST_PYTHON`.
    #[must_use]
    pub fn installed() -> Self {
        Self {
            program: required("PT_TEST_PYTHON").into(),
        }
    }

    /// The interpreter.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }
}

/// The ACL of the server with TLS allows these keys and no others.
const ALLOWED: &str = "pt:";

fn required(variable: &str) -> String {
    Env::process().get_non_empty(variable).map_or_else(
        || panic!("{variable} is not set: run `cargo xtask test`, which starts the servers"),
        Into::into,
    )
}

/// Twelve random digits.
fn digits() -> String {
    let mut bytes = [0; 12];
    SharedRandom::default().fill(&mut bytes);
    // The first digit is not 0, so that no engine takes it for a shorter number.
    let first = char::from(b'1' + bytes[0] % 9);
    bytes[1..]
        .iter()
        .fold(String::from(first), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", byte % 10);
            text
        })
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn address(url: &str) -> SocketAddr {
    let authority = authority(url);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.parse()
        .unwrap_or_else(|_| panic!("{host} is no loopback address with a port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_twelve_digits_and_is_not_met_twice() {
        let (first, second) = (digits(), digits());
        assert_eq!(first.len(), 12);
        assert!(first.bytes().all(|byte| byte.is_ascii_digit()), "{first}");
        assert!(!first.starts_with('0'));
        assert_ne!(first, second);
    }

    #[test]
    #[should_panic(expected = "run `cargo xtask test`")]
    fn a_missing_address_panics_and_says_what_to_do() {
        required("PT_TEST_NO_SUCH_SERVER");
    }

    #[test]
    fn addresses_are_read_from_urls() {
        for url in [
            "http://127.0.0.1:4566",
            "redis://127.0.0.1:4566/0",
            "rediss://app:pw@127.0.0.1:4566",
        ] {
            assert_eq!(address(url), SocketAddr::from(([127, 0, 0, 1], 4566)));
        }
    }

    #[test]
    fn through_changes_the_address_and_nothing_else() {
        let redis = Redis {
            url: "rediss://app:pw@127.0.0.1:1/0".to_owned(),
            prefix: "pt:1:".to_owned(),
            certificate: None,
        };
        let proxied = redis.through(SocketAddr::from(([127, 0, 0, 1], 2)));
        assert_eq!(proxied.url(), "rediss://app:pw@127.0.0.1:2/0");
        assert_eq!(proxied.key("a"), "pt:1:a");
    }
}
