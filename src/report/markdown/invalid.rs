//! Files with errors as a comment: there is no plan to show.

use super::super::phrase::count;
use super::page::Page;
use super::{Form, escape, left_out};
use crate::diagnostic::Diagnostic;

/// The comment. It is never longer than the limit.
pub fn render(errors: &[Diagnostic], commit: Option<&str>, form: &Form) -> String {
    let mut page = Page::new(form.limit.max(super::LEAST));
    let s = count(errors.len(), "error");
    page.add(&format!("**The files have {s}: nothing can be planned.**\n\n"), 60);
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let mut text = format!(
                "- {} {}: {}; {}",
                form.links.to(&error.site, commit),
                error.code,
                escape::prose(&error.message),
                escape::prose(&error.expected)
            );
            if let Some(help) = &error.help {
                text.push_str(&format!(". To do: {}", escape::prose(help)));
            }
            text.push('\n');
            text
        })
        .collect();
    let left = page.section("", &lines, "\n", 100);
    page.finish(&left_out(&[(left, "error")]))
}
