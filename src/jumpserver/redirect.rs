//! What a redirect means: it is never followed, but often tells the right address.

use url::Url;

use super::error::{Error, ErrorKind};

/// The error for an answer that points from `asked` to `location`.
pub(crate) fn error(method: &str, asked: &Url, status: u16, location: Option<&str>) -> Error {
    let target = match asked.query() {
        Some(query) => format!("{}?{query}", asked.path()),
        None => asked.path().to_owned(),
    };
    let aim = location.and_then(|location| asked.join(location).ok());
    let message = match &aim {
        Some(aim) => format!("the server points to {} in place of an answer", shown(aim)),
        None => "the server points elsewhere in place of an answer".to_owned(),
    };
    let mut error = Error::new(ErrorKind::Redirect, message).of_request(method, &target);
    error.status = Some(status);
    let advice = match aim.as_ref().and_then(|aim| base(asked, aim)) {
        Some(base) => format!("set jumpserver.url to {base}"),
        None => "check jumpserver.url, and that no proxy asks for a login before it".to_owned(),
    };
    if method == "GET" {
        error.advise(advice)
    } else {
        error.advise(format!("nothing was written; {advice}"))
    }
}

/// Scheme, host and path: a query may hold what a proxy keeps secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

/// The base address at which `asked` would have been `aim`.
fn base(asked: &Url, aim: &Url) -> Option<String> {
    let below =
        |url: &Url| url.path().find("/api/v1/").map(|at| url.path().split_at(at).1.to_owned());
    let same = below(asked)? == below(aim)?;
    let moved = asked.origin() != aim.origin() || asked.path() != aim.path();
    if !same || !moved {
        return None;
    }
    let mut base = aim.clone();
    let at = base.path().find("/api/v1/")?;
    let prefix = base.path().split_at(at).0.to_owned();
    base.set_path(&prefix);
    base.set_query(None);
    base.set_fragment(None);
    Some(base.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(asked: &str, location: &str) -> String {
        let asked = asked.parse().expect("an address");
        error("GET", &asked, 301, Some(location)).to_string()
    }

    #[test]
    fn the_right_address_is_told() {
        let text = at(
            "http://jump.acme.example/api/v1/users/profile/",
            "https://jump.acme.example/api/v1/users/profile/",
        );
        assert!(text.ends_with("set jumpserver.url to https://jump.acme.example"), "{text}");
        let text = at(
            "https://jump.acme.example/api/v1/users/users/?limit=1",
            "/jump/api/v1/users/users/?limit=1",
        );
        assert!(text.ends_with("set jumpserver.url to https://jump.acme.example/jump"), "{text}");
    }

    #[test]
    fn a_login_page_is_no_address_of_jumpserver() {
        let text = at(
            "https://jump.acme.example/api/v1/users/users/",
            "https://sso.acme.example/login?state=abc",
        );
        assert!(text.contains("https://sso.acme.example/login "), "{text}");
        assert!(!text.contains("abc"), "{text}");
        assert!(text.contains("proxy"), "{text}");
    }

    #[test]
    fn a_write_says_that_nothing_was_written() {
        let asked = "http://jump.acme.example/api/v1/users/users/".parse().expect("an address");
        let error = error("POST", &asked, 308, None);
        assert!(error.to_string().contains("nothing was written"));
        assert_eq!(error.kind, ErrorKind::Redirect);
    }
}
