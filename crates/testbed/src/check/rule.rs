//! What the rules of every check have in common.

use std::fmt;

/// A rule of one of the checks: an id for a machine and a sentence for a reader.
pub trait Rule: Copy + Eq + fmt::Debug + 'static {
    /// Every rule of the check.
    const ALL: &'static [Self];

    /// The short name, such as `dimension-missing`.
    fn id(self) -> &'static str;
}

/// Declares the rules of one check. One place holds a rule's name, id and meaning.
macro_rules! rules {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $id:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $crate::check::Rule for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str($crate::check::Rule::id(*self))
            }
        }
    };
}

pub(crate) use rules;
