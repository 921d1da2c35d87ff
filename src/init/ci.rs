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

impl FromStr for Ci {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |_| "expected github, gitlab, gitea or none".to_owned();
        <Self as clap::ValueEnum>::from_str(text, true).map_err(expected)
    }
}

impl Ci {
    /// The files, by path.
    pub fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::None => &[],
            Self::Github => &[
                example!(".github/workflows/pull-request.yml"),
                example!(".github/workflows/apply.yml"),
                example!(".github/workflows/drift.yml"),
            ],
            Self::Gitlab => &[example!(".gitlab-ci.yml")],
            Self::Gitea => {
                &[example!(".gitea/workflows/access.yml"), example!(".gitea/workflows/drift.yml")]
            }
        }
    }
}
