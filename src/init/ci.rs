//! Workflows for the forges: the files of `examples/access-repo`, as they were when this was
//! built.

use std::str::FromStr;

/// Where pull requests are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Ci {
    /// Nowhere yet.
    None,
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Gitea Actions; Forgejo reads the same file from another folder.
    Gitea,
}

macro_rules! example {
    ($path:literal) => {
        ($path, include_str!(concat!("../../examples/access-repo/", $path)))
    };
}

/// The form of an issue, the same for GitHub and Gitea.
const FORM: &str = include_str!("../../examples/access-repo/.github/ISSUE_TEMPLATE/access.yml");

impl FromStr for Ci {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |_| "expected github, gitlab, gitea or none".to_owned();
        <Self as clap::ValueEnum>::from_str(text, true).map_err(expected)
    }
}

impl Ci {
    /// The files that check, plan, approve, apply and report, by path. GitLab's is one file for all, with
    /// the job for requests in it: it runs only when it is called.
    pub fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::None => &[],
            Self::Github => &[
                example!(".github/workflows/pull-request.yml"),
                example!(".github/workflows/approvals.yml"),
                example!(".github/workflows/apply.yml"),
                example!(".github/workflows/drift.yml"),
                example!(".github/workflows/report.yml"),
            ],
            Self::Gitlab => &[example!(".gitlab-ci.yml")],
            Self::Gitea => &[
                example!(".gitea/workflows/access.yml"),
                example!(".gitea/workflows/approvals.yml"),
                example!(".gitea/workflows/drift.yml"),
                example!(".gitea/workflows/report.yml"),
            ],
        }
    }

    /// The files that turn issues and calls of other systems into pull requests, by path. They
    /// need the token of a bot that may push.
    pub fn requests(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::None | Self::Gitlab => &[],
            Self::Github => &[
                example!(".github/workflows/request.yml"),
                (".github/ISSUE_TEMPLATE/access.yml", FORM),
            ],
            Self::Gitea => &[
                example!(".gitea/workflows/request.yml"),
                (".gitea/ISSUE_TEMPLATE/access.yml", FORM),
            ],
        }
    }
}
