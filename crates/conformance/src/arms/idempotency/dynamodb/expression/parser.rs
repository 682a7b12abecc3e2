use std::{collections::VecDeque, fmt};

use super::{
    super::fault::Fault,
    token::{Token, tokens},
};

/// The tokens that are left.
pub(super) struct Parser(VecDeque<Token>);

impl Parser {
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
        Ok(Self(tokens(text)?.into()))
    }

    /// Whether the next token is this word, in any case; it is taken.
    pub(super) fn takes_word(&mut self, wanted: &str) -> bool {
        let is_it = |token: &Token| match token {
            Token::Word(word) => word.eq_ignore_ascii_case(wanted),
            Token::Mark(_) => false,
        };
        let is_next = self.0.front().is_some_and(is_it);
        if is_next {
            self.0.pop_front();
        }
        is_next
    }

    pub(super) fn takes(&mut self, wanted: &str) -> bool {
        let is_next = self.0.front().is_some_and(|token| match token {
            Token::Mark(mark) => *mark == wanted,
            Token::Word(_) => false,
        });
        if is_next {
            self.0.pop_front();
        }
        is_next
    }

    pub(super) fn must_take(&mut self, wanted: &str) -> Result<(), Fault> {
        match self.takes(wanted) {
            true => Ok(()),
            false => Err(self.error(&format_args!("`{wanted}`"))),
        }
    }

    pub(super) fn word(&mut self) -> Result<String, Fault> {
        match self.0.pop_front() {
            Some(Token::Word(word)) => Ok(word),
            other => {
                self.0.extend(other);
                Err(self.error(&"a name"))
            }
        }
    }

    /// One of the marks, taken.
    pub(super) fn one_of(&mut self, marks: &[&'static str]) -> Option<&'static str> {
        let mark = marks.iter().copied();
        let mut mark = mark.filter(|mark| self.0.front() == Some(&Token::Mark(mark)));
        let mark = mark.next()?;
        self.0.pop_front();
        Some(mark)
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn error(&self, wanted: &dyn fmt::Display) -> Fault {
        let next = match self.0.front() {
            Some(Token::Word(word)) => word.as_str(),
            Some(Token::Mark(mark)) => mark,
            None => "the end",
        };
        Fault::validation(format!("Invalid expression: {wanted} expected, not {next}"))
    }
}
