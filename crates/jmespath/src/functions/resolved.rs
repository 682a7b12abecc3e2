use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

use serde_json::Value;

use crate::{
    error::{Error, Kind},
    functions::{arguments::Arguments, builtin::Builtin},
    signature::Signature,
    steps::Steps,
};

type Body =
    dyn Fn(&[Cow<'_, Value>]) -> Result<Value, Box<dyn StdError + Send + Sync>> + Send + Sync;

/// A function of the user.
pub(crate) struct OwnFunction {
    signature: Signature,
    body: Box<Body>,
}

impl OwnFunction {
    pub(crate) fn new<F>(signature: Signature, body: F) -> Self
    where
        F: Fn(&[Cow<'_, Value>]) -> Result<Value, Box<dyn StdError + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        Self {
            signature,
            body: Box::new(body),
        }
    }
}

pub(crate) enum Callee {
    Builtin(Builtin),
    Own(Arc<OwnFunction>),
}

/// A name of an expression that means a function.
pub(crate) struct Function {
    name: Box<str>,
    callee: Callee,
}

impl Function {
    pub(crate) fn new(name: &str, callee: Callee) -> Self {
        Self {
            name: name.into(),
            callee,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self.callee, Callee::Builtin(Builtin::PowertoolsJson))
    }

    pub(crate) fn check_arity(&self, got: usize) -> Result<(), Error> {
        match &self.callee {
            Callee::Builtin(builtin) => builtin.signature().check_arity(&self.name, got),
            Callee::Own(own) => own.signature.check_arity(&self.name, got),
        }
    }

    pub(crate) fn check_types(
        &self,
        arguments: &[Cow<'_, Value>],
        steps: &Steps,
    ) -> Result<(), Error> {
        match &self.callee {
            Callee::Builtin(builtin) => {
                let signature = builtin.signature();
                signature.check_types(&self.name, arguments, steps)
            }
            Callee::Own(own) => own.signature.check_types(&self.name, arguments, steps),
        }
    }

    pub(crate) fn call<'v>(
        &self,
        arguments: Arguments<'_, 'v>,
        steps: &Steps,
    ) -> Result<Cow<'v, Value>, Error> {
        self.check_types(arguments, steps)?;
        match &self.callee {
            Callee::Builtin(builtin) => builtin.call(arguments, steps),
            Callee::Own(own) => match (own.body)(arguments) {
                Ok(value) => steps.built(value).map(Cow::Owned),
                Err(source) => Err(Error::from(Kind::Function {
                    function: self.name.clone(),
                    source,
                })),
            },
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
