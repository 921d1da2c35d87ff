//! Making requests fail on purpose.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::Logged;

/// What happens to a request instead of an ordinary answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is not carried out, and this is the answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body, sent as JSON; a string is sent as HTML.
        body: Value,
        /// More response headers, such as `Retry-After`.
        headers: Vec<(String, String)>,
    },
    /// The request is carried out, and then this is the answer.
    AnswerAfter {
        /// The HTTP status.
        status: u16,
        /// The body, sent as JSON; a string is sent as HTML.
        body: Value,
    },
    /// The request waits before it is carried out and answered as usual.
    Delay(Duration),
    /// The connection is closed without an answer, and nothing is carried out.
    DropBefore,
    /// The request is carried out, and then the connection is closed without an answer.
    DropAfter,
}

impl Fault {
    /// [`Fault::Answer`] without further headers.
    pub fn answer(status: u16, body: Value) -> Fault {
        Fault::Answer { status, body, headers: Vec::new() }
    }
}

/// Which requests a [`Fault`] meets.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    method: Option<String>,
    path: Option<String>,
    writes: bool,
    skip: usize,
    times: Option<usize>,
}

impl Rule {
    /// Every request.
    pub fn any() -> Rule {
        Rule::default()
    }

    /// Requests with this method whose path and query contain a text.
    pub fn on(method: &str, path: &str) -> Rule {
        Rule {
            method: Some(method.to_ascii_uppercase()),
            path: Some(path.to_owned()),
            ..Rule::default()
        }
    }

    /// Everything that is not GET, HEAD or OPTIONS.
    pub fn writes() -> Rule {
        Rule { writes: true, ..Rule::default() }
    }

    /// Lets the first `count` of them through.
    #[must_use]
    pub fn skip(mut self, count: usize) -> Rule {
        self.skip = count;
        self
    }

    /// Ends after it has met `count` of them; without this it never ends.
    #[must_use]
    pub fn times(mut self, count: usize) -> Rule {
        self.times = Some(count);
        self
    }

    fn fits(&self, request: &Logged) -> bool {
        let write = !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.path.as_ref().is_none_or(|path| request.path.contains(path.as_str()))
            && (write || !self.writes)
    }

    /// Counts a request; does the fault meet it?
    fn meets(&mut self, request: &Logged) -> bool {
        if !self.fits(request) || self.times == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        true
    }
}

type Hook = Box<dyn FnMut(&Logged) -> Option<Fault> + Send>;

/// The faults that are set.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Vec<(Rule, Fault)>,
    hook: Option<Hook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn add(&mut self, rule: Rule, fault: Fault) {
        self.rules.push((rule, fault));
    }

    pub(crate) fn set_hook(&mut self, hook: Hook) {
        self.hook = Some(hook);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.hook = None;
    }

    /// The fault that meets a request: the hook's, else the first rule's.
    pub(crate) fn meet(&mut self, request: &Logged) -> Option<Fault> {
        if let Some(fault) = self.hook.as_mut().and_then(|hook| hook(request)) {
            return Some(fault);
        }
        self.rules.iter_mut().find_map(|(rule, fault)| rule.meets(request).then(|| fault.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Logged {
        Logged { method: method.to_owned(), path: path.to_owned(), body: None, status: None }
    }

    #[test]
    fn a_rule_skips_and_ends() {
        let mut faults = Faults::default();
        faults.add(Rule::on("POST", "/accounts/").skip(1).times(1), Fault::DropAfter);
        let post = request("POST", "/api/v1/accounts/accounts/");
        assert_eq!(faults.meet(&request("GET", "/api/v1/accounts/accounts/")), None);
        assert_eq!(faults.meet(&post), None);
        assert_eq!(faults.meet(&post), Some(Fault::DropAfter));
        assert_eq!(faults.meet(&post), None);
    }
}
