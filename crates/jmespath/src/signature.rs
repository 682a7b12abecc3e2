use std::borrow::{Borrow, Cow};

use serde_json::Value;

use crate::{
    argument_type::ArgumentType,
    compare::type_name,
    error::{Error, Kind},
    steps::Steps,
};

/// The parameters of a function. The number of arguments is checked when an expression is
/// built, their types at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    parameters: Cow<'static, [ArgumentType]>,
    variadic: bool,
}

impl Signature {
    /// One argument for each of the types, in their order.
    pub fn new(parameters: impl Into<Vec<ArgumentType>>) -> Self {
        Self {
            parameters: Cow::Owned(parameters.into()),
            variadic: false,
        }
    }

    /// Lets the last argument be given more than once.
    #[must_use]
    pub fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    pub(crate) const fn fixed(parameters: &'static [ArgumentType]) -> Self {
        Self {
            parameters: Cow::Borrowed(parameters),
            variadic: false,
        }
    }

    pub(crate) const fn repeated(parameters: &'static [ArgumentType]) -> Self {
        Self {
            parameters: Cow::Borrowed(parameters),
            variadic: true,
        }
    }

    pub(crate) fn check_arity(&self, function: &str, got: usize) -> Result<(), Error> {
        let expected = self.parameters.len();
        if got == expected || self.variadic && got > expected {
            return Ok(());
        }
        Err(Error::from(Kind::Arity {
            function: function.into(),
            expected,
            or_more: self.variadic,
            got,
        }))
    }

    pub(crate) fn check_types(
        &self,
        function: &str,
        arguments: &[impl Borrow<Value>],
        steps: &Steps,
    ) -> Result<(), Error> {
        let repeated = self.parameters.last().copied();
        for (index, argument) in arguments.iter().enumerate() {
            let parameter = self.parameters.get(index).copied().or(repeated);
            let expected = parameter.unwrap_or(ArgumentType::ANY);
            steps.take_glance(expected.items_to_check(argument.borrow()))?;
            if !expected.accepts(argument.borrow()) {
                return Err(Error::from(Kind::ArgumentType {
                    function: function.into(),
                    argument: index + 1,
                    expected,
                    got: type_name(argument.borrow()),
                }));
            }
        }
        Ok(())
    }
}
