use std::{any::Any, borrow::Cow, fmt};

use http::Method;
use powertools_jmespath::Expression;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    IdempotencyError, IdempotencyErrorKind,
    canonical::{self, CanonicalError, Dialect, Missing},
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
    /// in base64, MD5 unless another function is set, over the text of `JSON.stringify`. The id
    /// is no part of it: two layers of one function share keys unless their prefixes differ.
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
    /// Identifies a payload as it serialises.
    ///
    /// No expression takes the whole of it, and a path of names what stands there: nothing else
    /// is serialised, and JSON text on the way, as in a `Box<RawValue>`, loses nothing. Other
    /// expressions search a [`Value`] that is made of the payload.
    ///
    /// # Errors
    ///
    /// The payload does not serialise, an expression fails on it, or it has no key although one
    /// is required.
    pub fn of<T: Serialize + ?Sized>(&self, payload: &T) -> Result<Identity, IdempotencyError> {
        let mut expressions = self.expression.iter().chain(&self.validation);
        let tree = if expressions.any(|expression| expression.as_fields().is_none()) {
            // Its text may quote the payload.
            Some(serde_json::to_value(payload).map_err(|_| IdempotencyErrorKind::Payload)?)
        } else {
            None
        };
        let pick = |expression: Option<&Expression>, dialect| {
            text(|text| match expression.map(|it| (it.as_fields(), &tree)) {
                None => canonical::write(payload, dialect, text).map_err(not_json),
                Some((Some(fields), _)) => {
                    let found = canonical::write_at(payload, fields, dialect, text);
                    if !found.map_err(not_json)? {
                        text.extend_from_slice(b"null");
                    }
                    Ok(())
                }
                Some((None, tree)) => {
                    // Made above for such an expression
                    let tree = tree.as_ref().ok_or(IdempotencyErrorKind::Payload)?;
                    let selected = search(expression, tree)?;
                    canonical::write(&*selected, dialect, text).map_err(not_json)
                }
            })
        };
        let expression = self.expression.as_ref();
        let key = pick(expression, self.dialect())?;
        let is_missing = match self.missing() {
            Some(rule) if rule.in_canonical(&key) => {
                // What seems to be nothing may be there in Python's spelling, which keeps it.
                self.dialect() == Dialect::Python
                    || rule.in_canonical(&pick(expression, Dialect::Python)?)
            }
            _ => false,
        };
        let validation = self.validation.as_ref();
        let validated = validation.map(|_| pick(validation, self.dialect()));
        self.identity(is_missing, &key, validated.transpose()?.as_deref())
    }

    /// The same for a payload whose type may be known at run time: a [`Value`] is searched where
    /// it is, and a `Box<RawValue>` is read as [`of_json`](Self::of_json) reads it.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_static<T: Serialize + 'static>(
        &self,
        payload: &T,
    ) -> Result<Identity, IdempotencyError> {
        let any: &dyn Any = payload;
        if let Some(value) = any.downcast_ref::<Value>() {
            return self.of_value(value);
        }
        if let Some(raw) = any.downcast_ref::<Box<RawValue>>() {
            return self.of_json(raw.get().as_bytes());
        }
        self.of(payload)
    }

    /// Identifies a payload that is a [`Value`].
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_value(&self, payload: &Value) -> Result<Identity, IdempotencyError> {
        let selected = search(self.expression.as_ref(), payload)?;
        let is_missing = self.missing().is_some_and(|rule| rule.in_value(&selected));
        let validated = match &self.validation {
            None => None,
            Some(validation) => Some(self.write(&*search(Some(validation), payload)?)?),
        };
        self.identity(is_missing, &self.write(&selected)?, validated.as_deref())
    }

    /// Identifies a payload that is JSON text, without loss: integers of any size, numbers as
    /// they are spelled, lone surrogates. Expressions other than a path of names read it into a
    /// [`Value`] and lose these.
    ///
    /// # Errors
    ///
    /// The text is not JSON; or as [`of`](Self::of).
    pub fn of_json(&self, payload: &[u8]) -> Result<Identity, IdempotencyError> {
        let (is_missing, text) = self.in_json(self.expression.as_ref(), payload)?;
        let validated = match &self.validation {
            None => None,
            Some(validation) => Some(self.in_json(Some(validation), payload)?.1),
        };
        self.identity(is_missing, &text, validated.as_deref())
    }

    /// The text that is hashed into the key of a payload that is JSON text.
    pub(crate) fn text_of_json(&self, payload: &[u8]) -> Result<Vec<u8>, IdempotencyError> {
        Ok(self.in_json(self.expression.as_ref(), payload)?.1)
    }

    /// The same of a payload that is a [`Value`].
    pub(crate) fn text_of_value(&self, payload: &Value) -> Result<Vec<u8>, IdempotencyError> {
        let selected = search(self.expression.as_ref(), payload)?;
        self.write(&selected)
    }

    /// Whether what is selected is no key, and its text.
    fn in_json(
        &self,
        expression: Option<&Expression>,
        json: &[u8],
    ) -> Result<(bool, Vec<u8>), IdempotencyError> {
        let rule = self.missing();
        let selected = match expression.map(Expression::as_fields) {
            None => json,
            Some(Some(fields)) => canonical::select(json, fields)
                .map_err(not_json)?
                .unwrap_or(b"null"),
            Some(None) => {
                // Its text may quote the payload.
                let value: Value =
                    serde_json::from_slice(json).map_err(|_| IdempotencyErrorKind::Payload)?;
                let selected = search(expression, &value)?;
                let is_missing = rule.is_some_and(|rule| rule.in_value(&selected));
                return Ok((is_missing, self.write(&selected)?));
            }
        };
        let text =
            text(|text| canonical::write_json(selected, self.dialect(), text).map_err(not_json))?;
        let is_missing = rule.map(|rule| rule.in_json(selected)).transpose();
        Ok((is_missing.map_err(not_json)?.unwrap_or(false), text))
    }

    fn write(&self, value: &Value) -> Result<Vec<u8>, IdempotencyError> {
        text(|text| canonical::write(value, self.dialect(), text).map_err(not_json))
    }

    fn identity(
        &self,
        is_missing: bool,
        key: &[u8],
        validated: Option<&[u8]>,
    ) -> Result<Identity, IdempotencyError> {
        if is_missing && self.require_key {
            return Err(IdempotencyErrorKind::MissingKey.into());
        }
        let hash = |text: &[u8]| hash(text, self.function, self.format.digest_text());
        Ok(Identity {
            key: (!is_missing).then(|| hash(key)),
            payload: validated.map(hash),
            method: None,
        })
    }

    fn dialect(&self) -> Dialect {
        self.format.dialect()
    }

    /// What counts as no key; `None`: everything is one.
    fn missing(&self) -> Option<Missing> {
        match self.format {
            KeyFormat::Powertools | KeyFormat::Python => Some(Missing::Python),
            KeyFormat::TypeScript if self.require_key => Some(Missing::TypeScript),
            KeyFormat::TypeScript => self.expression.is_some().then_some(Missing::TypeScriptSkip),
        }
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

/// What is hashed.
#[inline]
fn text(
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), IdempotencyError>,
) -> Result<Vec<u8>, IdempotencyError> {
    let mut text = Vec::with_capacity(64);
    write(&mut text)?;
    Ok(text)
}

fn not_json(error: CanonicalError) -> IdempotencyError {
    IdempotencyError::from(IdempotencyErrorKind::Payload).with_source(error)
}

#[cfg(test)]
mod tests;
