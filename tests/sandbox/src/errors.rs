//! Answers, and the many shapes in which the server says no.

use serde_json::{Map, Value, json};

/// What goes back to the client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// The body of a [`Reply`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Html(String),
}

/// What a handler gives: both sides are sent, the error side only ends the work early.
pub(crate) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Reply {
        Reply { status, body: Body::Json(body), headers: Vec::new() }
    }

    pub(crate) fn ok(body: Value) -> Reply {
        Reply::json(200, body)
    }

    pub(crate) fn empty(status: u16) -> Reply {
        Reply { status, body: Body::Empty, headers: Vec::new() }
    }

    pub(crate) fn html(status: u16, title: &str, heading: &str) -> Reply {
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n    <meta charset=\"UTF-8\">\n    \
             <title>{title}</title>\n</head>\n<body>\n<h1>{heading}</h1>\n</body>\n</html>"
        );
        Reply { status, body: Body::Html(page), headers: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

fn detail(status: u16, detail: &str, code: &str) -> Reply {
    Reply::json(status, json!({"detail": detail, "code": code}))
}

/// 404 of an object, named by its class: `AssetPermission object does not exist.`
pub(crate) fn no_object(class: &str) -> Reply {
    detail(404, &format!("{class} object does not exist."), "object_does_not_exist")
}

/// 404 of an address that no view serves: a page, not JSON.
pub(crate) fn no_route() -> Reply {
    Reply::html(404, "Not found", "Not found")
}

/// 403 of a caller without the right.
pub(crate) fn denied() -> Reply {
    detail(403, "You do not have permission to perform this action.", "permission_denied")
}

/// 405.
pub(crate) fn method_not_allowed(method: &str) -> Reply {
    detail(405, &format!("Method \"{method}\" not allowed."), "method_not_allowed")
}

/// 400 of a body that is no JSON.
pub(crate) fn parse_error(words: &str) -> Reply {
    detail(400, words, "parse_error")
}

/// 400 `{"detail", "code"}`.
pub(crate) fn refused(words: &str, code: &str) -> Reply {
    detail(400, words, code)
}

/// The 500 of a view.
pub(crate) fn internal() -> Reply {
    Reply::json(500, json!({"error": "Server internal error"}))
}

/// The 500 of a middleware: a page.
pub(crate) fn internal_page() -> Reply {
    Reply::html(500, "Server error", "Server error occur, contact administrator")
}

/// `{"error": words}` with a status.
pub(crate) fn plain(status: u16, words: &str) -> Reply {
    Reply::json(status, json!({"error": words}))
}

/// 412: the view wants a session that confirmed itself.
pub(crate) fn confirm(code: &str) -> Reply {
    Reply::json(
        412,
        json!({
            "type": "user_confirm_required",
            "code": code,
            "detail": "This action require confirm current user",
        }),
    )
}

/// Why an object of a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Invalid {
    /// `{"field": ["message"]}`, one entry of a bulk answer.
    Fields(Map<String, Value>),
    /// Another shape or status; it ends a bulk request at once.
    Reply(Reply),
}

impl Invalid {
    /// The answer for one object.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Invalid::Fields(fields) => Reply::json(400, Value::Object(fields)),
            Invalid::Reply(reply) => reply,
        }
    }
}

impl From<Reply> for Invalid {
    fn from(reply: Reply) -> Self {
        Invalid::Reply(reply)
    }
}

/// Collects field errors while an object is read.
#[derive(Debug, Default)]
pub(crate) struct Problems(Map<String, Value>);

impl Problems {
    /// Notes one message for a field; the first one of a field stays.
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.set(field, json!([message.into()]));
    }

    /// Notes an error of another shape than a list of one message.
    pub(crate) fn set(&mut self, field: &str, value: Value) {
        self.0.entry(field.to_owned()).or_insert(value);
    }

    /// Fails when anything was noted.
    pub(crate) fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid::Fields(self.0)) }
    }
}

/// The message of an unknown id in a list of relations.
pub(crate) fn invalid_pk(id: &str) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}
