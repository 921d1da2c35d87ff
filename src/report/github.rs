//! Problems as workflow commands of GitHub Actions, which Gitea and Forgejo read too.
//!
//! A step shows at most ten of each kind (errors, warnings, notices); what is beyond is
//! counted in the last of the kind. Escapes: GitHub's toolkit, `command.ts`: `%`, CR and LF
//! in texts; `:` and `,` too in properties.

use super::phrase::count;
use super::problem::Problem;
use crate::plan::finding::Severity;
use crate::visible::clean;

/// So many of a kind are shown in a step.
const MOST: usize = 10;

/// The commands; `folder` is where the access repo is below the root of its repository.
pub fn render(problems: &[Problem], folder: &str) -> String {
    let mut text = String::new();
    for (kind, severities) in [
        ("error", &[Severity::Error][..]),
        ("warning", &[Severity::Risk, Severity::Warning]),
        ("notice", &[Severity::Notice]),
    ] {
        let some: Vec<&Problem> =
            problems.iter().filter(|problem| severities.contains(&problem.severity)).collect();
        let shown = if some.len() > MOST { MOST - 1 } else { some.len() };
        for problem in &some[..shown] {
            text.push_str(&command(kind, problem, folder));
        }
        if some.len() > shown {
            let more = count(some.len() - shown, &format!("more {kind}"));
            text.push_str(&format!(
                "::{kind} title=jumpgate::{more}: see the summary of the job\n"
            ));
        }
    }
    text
}

fn command(kind: &str, problem: &Problem, folder: &str) -> String {
    let mut properties = Vec::new();
    if let (Some(path), Some(site)) = (problem.path(folder), &problem.site) {
        properties.push(format!("file={}", property(&clean(&path))));
        properties.push(format!("line={},col={}", site.line, site.column));
    }
    properties.push(format!("title={}", property(&problem.code)));
    format!("::{kind} {}::{}\n", properties.join(","), data(&problem.message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::problem::samples;
    use super::*;

    #[test]
    fn commands_are_escaped() {
        insta::assert_snapshot!(render(&samples(), "access"), @r"
        ::error file=access/requests/a%2Cb%3A 50%25.yaml,line=7,col=3,title=JG011::no such person: did you mean `liwei`?
        ::error file=access/requests/a%2Cb%3A 50%25.yaml,line=9,col=3,title=JG011::no such person: did you mean `liwei`?
        ::warning file=access/inventory/databases/数据.yaml,line=4,col=3,title=JG228::accounts work from any host
        ::warning title=JG225::x%0D%0A::add-mask::y
        ::notice title=JG232::a word
        ");
    }

    #[test]
    fn no_more_than_a_step_shows() {
        let many: Vec<Problem> = samples().into_iter().cycle().take(125).collect();
        let text = render(&many, "");
        for kind in ["error", "warning", "notice"] {
            let lines = text.lines().filter(|line| line.starts_with(&format!("::{kind} ")));
            assert_eq!(lines.count(), 10, "{kind}");
        }
        assert!(text.contains("::error title=jumpgate::41 more errors: see"), "{text}");
    }
}
