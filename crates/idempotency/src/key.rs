use std::{any::Any, borrow::Cow, fmt};

use http::Method;
use powertools_jmespath::Expression;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    IdempotencyError, IdempotencyErrorKind,
    canonical::{self, Dialect, missing},
    hash::{DigestText, HashFunction, hash},
};

/// How keys and payload hashes are spelled.
///
/// Records are shared between languages only if both spell them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyFormat {
    /// Ours: `<function>.<id>#<hash>`, the hash in hexadecimal, SHA-256 unless another function
    /// is set, over the JSON text that Python hashes.
    #[default]
    Powertools,
    /// As Powertools for Python: the same, with MD5 unless another function is set. With the
    /// Python function's `module.qualname` as id, or the same `key_prefix`, the keys are equal.
    Python,
    /// As Powertools for TypeScript: `<function>#<hash>`, or the trimmed `key_prefix`; the hash
    /// in base64, MD5 unless another function is set, over the text of `JSON.stringify`.
    TypeScript,
}

impl KeyFormat {
    fn dialect(self) -> Dialect {
        match self {
            Self::Powertools | Self::Python => Dialect::Python,
            Self::TypeScript => Dialect::TypeScript,
        }
    }

    fn digest_text(self) -> DigestText {
        match self {
            Self::Powertools | Self::Python => DigestText::Hex,
            Self::TypeScript => DigestText::Base64,
        }
    }

    pub(crate) fn default_function(self) -> HashFunction {
        match self {
            Self::Powertools => HashFunction::Sha256,
            Self::Python | Self::TypeScript => HashFunction::Md5,
        }
    }
}

/// How a key is taken from a payload: for [`Exchange`](crate::Exchange).
pub struct KeyPlan {
    pub(crate) expression: Option<Expression>,
    pub(crate) validation: Option<Expression>,
    pub(crate) format: KeyFormat,
    pub(crate) function: HashFunction,
    pub(crate) require_key: bool,
}

/// What identifies a call: the hash in its key, and the hash of its payload.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Identity {
    key: Option<String>,
    payload: Option<String>,
    method: Option<Method>,
}

impl Identity {
    /// The hash in the key; `None` if the payload has no key.
    #[must_use]
    pub fn key_hash(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The hash of the payload, if payloads are validated.
    #[must_use]
    pub fn payload_hash(&self) -> Option<&str> {
        self.payload.as_deref()
    }

    pub(crate) fn with_method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    pub(crate) fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("key_hash", &self.key)
            .finish_non_exhaustive()
    }
}

impl KeyPlan {
    /// Identifies a payload.
    ///
    /// A [`Value`] is read where it is, and a `Box<RawValue>` as the text it is, without loss.
    /// Any other payload is hashed as it serialises, and turned into a [`Value`] for an
    /// expression.
    ///
    /// # Errors
    ///
    /// The payload does not serialise, an expression fails on it, or it has no key although one
    /// is required.
    pub fn of<T: Serialize + 'static>(&self, payload: &T) -> Result<Identity, IdempotencyError> {
        let any: &dyn Any = payload;
        if let Some(value) = any.downcast_ref::<Value>() {
            return self.of_value(value);
        }
        if let Some(raw) = any.downcast_ref::<Box<RawValue>>() {
            return self.of_json(raw.get().as_bytes());
        }
        if self.expression.is_some() || self.validation.is_some() {
            let value = serde_json::to_value(payload).map_err(not_json)?;
            return self.of_value(&value);
        }
        let key = self.key_of(|text| canonical::write(payload, self.format.dialect(), text))?;
        Ok(Identity {
            key,
            ..Identity::default()
        })
    }

    /// Identifies a payload that is a [`Value`].
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_value(&self, payload: &Value) -> Result<Identity, IdempotencyError> {
        let selected = search(self.expression.as_ref(), payload)?;
        let key = self.key_of(|text| canonical::write(&*selected, self.format.dialect(), text))?;
        let payload = match &self.validation {
            None => None,
            Some(validation) => {
                let selected = search(Some(validation), payload)?;
                let write =
                    |text: &mut Vec<u8>| canonical::write(&*selected, self.format.dialect(), text);
                Some(self.hash_of(write)?.1)
            }
        };
        Ok(Identity {
            key,
            payload,
            method: None,
        })
    }

    /// Identifies a payload that is JSON text, without loss: integers of any size, numbers as
    /// they are spelled, lone surrogates. Expressions other than a path of names read it into a
    /// [`Value`] and lose these.
    ///
    /// # Errors
    ///
    /// The text is not JSON; or as [`of`](Self::of).
    pub fn of_json(&self, payload: &[u8]) -> Result<Identity, IdempotencyError> {
        let key = self.in_json(self.expression.as_ref(), payload, |write| {
            self.key_of(write)
        })?;
        let payload = match &self.validation {
            None => None,
            Some(validation) => Some(self.in_json(Some(validation), payload, |write| {
                self.hash_of(write).map(|(_, hash)| hash)
            })?),
        };
        Ok(Identity {
            key,
            payload,
            method: None,
        })
    }

    pub(crate) fn has_expression(&self) -> bool {
        self.expression.is_some()
    }

    /// Whether an expression may look at the body of an http request.
    pub(crate) fn needs_body(&self) -> bool {
        let mut expressions = self.expression.iter().chain(&self.validation);
        expressions.any(|expression| {
            let first = expression.as_fields().and_then(|mut fields| fields.next());
            first.is_none_or(|name| matches!(name, "body" | "isBase64Encoded"))
        })
    }

    fn in_json<T>(
        &self,
        expression: Option<&Expression>,
        json: &[u8],
        take: impl FnOnce(
            &mut dyn FnMut(&mut Vec<u8>) -> Result<(), canonical::CanonicalError>,
        ) -> Result<T, IdempotencyError>,
    ) -> Result<T, IdempotencyError> {
        let dialect = self.format.dialect();
        let fields = expression.map(Expression::as_fields);
        match fields {
            None => take(&mut |text| canonical::write_json(json, dialect, text)),
            Some(Some(fields)) => {
                let selected = canonical::select(json, fields).map_err(not_json)?;
                let selected = selected.unwrap_or(b"null");
                take(&mut |text| canonical::write_json(selected, dialect, text))
            }
            Some(None) => {
                let value: Value = serde_json::from_slice(json).map_err(not_json)?;
                let selected = search(expression, &value)?;
                take(&mut |text| canonical::write(&*selected, dialect, text))
            }
        }
    }

    fn key_of(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), canonical::CanonicalError>,
    ) -> Result<Option<String>, IdempotencyError> {
        let (text, hash) = self.hash_of(write)?;
        if !missing::in_canonical(&text, self.format.dialect()) {
            return Ok(Some(hash));
        }
        match self.require_key {
            true => Err(IdempotencyErrorKind::MissingKey.into()),
            false => Ok(None),
        }
    }

    fn hash_of(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), canonical::CanonicalError>,
    ) -> Result<(Vec<u8>, String), IdempotencyError> {
        let mut text = Vec::with_capacity(64);
        write(&mut text).map_err(not_json)?;
        let hash = hash(&text, self.function, self.format.digest_text());
        Ok((text, hash))
    }
}

impl fmt::Debug for KeyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPlan")
            .field("expression", &self.expression)
            .field("validation", &self.validation)
            .field("format", &self.format)
            .field("require_key", &self.require_key)
            .finish_non_exhaustive()
    }
}

fn search<'a>(
    expression: Option<&'a Expression>,
    data: &'a Value,
) -> Result<Cow<'a, Value>, IdempotencyError> {
    match expression {
        None => Ok(Cow::Borrowed(data)),
        Some(expression) => expression.search(data).map_err(|error| {
            IdempotencyError::from(IdempotencyErrorKind::Expression).with_source(error)
        }),
    }
}

fn not_json(error: impl std::error::Error + Send + Sync + 'static) -> IdempotencyError {
    IdempotencyError::from(IdempotencyErrorKind::Payload).with_source(error)
}
