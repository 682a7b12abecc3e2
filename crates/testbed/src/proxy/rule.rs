use std::fmt;

use super::{fault::Fault, request::Request};

/// A fault, the requests that it is for, and how often.
///
/// Without a condition it is for every request; several conditions must all hold. Numbers
/// count the requests for which they hold and that no rule before this one has acted on: such
/// a request is not shown to the rules after it.
///
/// ```
/// use testbed::proxy::{Fault, Rule};
///
/// // Of the writes, the third and the fourth.
/// let rule = Rule::new("gone", Fault::reset())
///     .on_target("PutItem")
///     .skip(2)
///     .times(2);
/// # let _ = rule;
/// ```
#[must_use]
pub struct Rule {
    name: String,
    fault: Fault,
    at_connect: bool,
    conditions: Vec<Condition>,
    skip: usize,
    every: usize,
    times: usize,
}

type Condition = Box<dyn Fn(&Request) -> bool + Send + Sync>;

impl Rule {
    /// A rule for every request. Its name is what firings are found by.
    pub fn new(name: impl Into<String>, fault: Fault) -> Self {
        Self {
            name: name.into(),
            fault,
            at_connect: false,
            conditions: Vec::new(),
            skip: 0,
            every: 1,
            times: usize::MAX,
        }
    }

    /// Acts when a connection is accepted, before any byte, in place of on a request. A reset
    /// may then be so early that connecting fails.
    ///
    /// # Panics
    ///
    /// If the fault needs a request: only refuse, reset, close, hang and delaying the request
    /// do without one.
    pub fn at_connect(mut self) -> Self {
        let fault = &self.fault;
        assert!(
            fault.acts_on_a_connection(),
            "{fault:?} needs a request to act on"
        );
        self.at_connect = true;
        self
    }

    /// Only on the connection with this number, from 1, counted since the proxy began.
    pub fn on_connection(self, number: usize) -> Self {
        self.when(move |request| request.connection() == number)
    }

    /// Only HTTP requests with this method.
    pub fn on_method(self, method: impl Into<String>) -> Self {
        let method = method.into();
        self.when(move |request| request.method() == Some(method.as_str()))
    }

    /// Only HTTP requests whose path contains this text.
    pub fn on_path(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.when(move |request| request.path().is_some_and(|path| path.contains(&text)))
    }

    /// Only HTTP requests that have this header with a value that contains this text.
    pub fn on_header(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        self.when(move |request| {
            request
                .header(&name)
                .is_some_and(|value| value.contains(&text))
        })
    }

    /// Only requests to an AWS service whose `x-amz-target` contains this text, such as
    /// `PutItem`.
    pub fn on_target(self, text: impl Into<String>) -> Self {
        self.on_header("x-amz-target", text)
    }

    /// Only this Redis command, such as `SET`.
    pub fn on_command(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.when(move |request| {
            request
                .command()
                .is_some_and(|command| command.eq_ignore_ascii_case(&name))
        })
    }

    /// Only requests in which these bytes occur.
    pub fn containing(self, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        self.when(move |request| request.contains(&bytes))
    }

    /// Only requests for which this holds. It must not call the proxy, which waits for it. If
    /// it panics, the connection ends and the waits of the proxy panic with its message.
    pub fn when(mut self, holds: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.conditions.push(Box::new(holds));
        self
    }

    /// Lets this many requests pass first.
    pub fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Acts on every `nth` request after the skipped ones: with 3 on the third, the sixth …
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub fn every(mut self, nth: usize) -> Self {
        assert!(nth > 0, "there is no 0th request");
        self.every = nth;
        self
    }

    /// Acts this many times and never again. Without it, always. A fault of the reply for which
    /// the server gives none has had its turn too, although it has not fired.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Whether the conditions hold.
    pub(super) fn is_for(&self, request: &Request) -> bool {
        self.at_connect == request.is_connection()
            && self.conditions.iter().all(|holds| holds(request))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// How many requests a rule was for, and on how many of them it was due.
#[derive(Debug, Default)]
pub(super) struct Count {
    matched: usize,
    acted: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "matched {}, due {}", self.matched, self.acted)
    }
}

impl Count {
    /// Counts one more request for which the conditions hold, and says whether to act.
    pub(super) fn is_due(&mut self, rule: &Rule) -> bool {
        self.matched += 1;
        let Some(after_skip @ 1..) = self.matched.checked_sub(rule.skip) else {
            return false;
        };
        let due = after_skip.is_multiple_of(rule.every) && self.acted < rule.times;
        self.acted += usize::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(rule: &Rule, requests: usize) -> Vec<usize> {
        let mut count = Count::default();
        (1..=requests).filter(|_| count.is_due(rule)).collect()
    }

    #[test]
    fn without_numbers_a_rule_acts_always() {
        assert_eq!(due(&Rule::new("r", Fault::reset()), 3), [1, 2, 3]);
    }

    #[test]
    fn times_ends_a_rule() {
        assert_eq!(due(&Rule::new("r", Fault::reset()).times(2), 5), [1, 2]);
        assert!(due(&Rule::new("r", Fault::reset()).times(0), 5).is_empty());
    }

    #[test]
    fn every_counts_after_the_skipped_ones() {
        let rule = Rule::new("r", Fault::reset()).skip(2).every(3);
        assert_eq!(due(&rule, 12), [5, 8, 11]);
        assert_eq!(due(&rule.times(2), 12), [5, 8]);
    }

    #[test]
    #[should_panic(expected = "needs a request")]
    fn a_fault_of_replies_cannot_act_on_a_connection() {
        let _ = Rule::new("r", Fault::truncate()).at_connect();
    }
}
