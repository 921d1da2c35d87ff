//! Which pull request of which forge, by flags or by the variables of a CI job.

use clap::ValueEnum;
use secrecy::SecretString;

use super::gitea::Gitea;
use super::gitee::Gitee;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::{Error, Reviews};
use crate::credentials::Environment;

/// A kind of forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// GitHub and GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
    /// Gitee.
    Gitee,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The kind of forge.
    pub kind: Kind,
    /// The address of its API.
    pub api: String,
    /// `owner/name`; for GitLab also the project's number.
    pub repository: String,
    /// The number of the pull request.
    pub number: u64,
}

/// What flags say; the rest comes from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The kind of forge.
    pub kind: Option<Kind>,
    /// The address of its API.
    pub api: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// The number of the pull request.
    pub number: Option<u64>,
}

impl Place {
    /// The pull request that a job is about. GitHub, Gitea and Forgejo Actions set `GITHUB_*`
    /// (Gitea's and Forgejo's also `GITEA_ACTIONS` or `FORGEJO_ACTIONS`), GitLab sets `CI_*`.
    ///
    /// # Errors
    /// When something is missing, with the flag that says it.
    pub fn find(known: Known, environment: Environment<'_>) -> Result<Self, Error> {
        let place = Self::repository(known, environment)?;
        match place.number {
            0 => Err(Error::new("it is not known which pull request this is: add --number".into())),
            _ => Ok(place),
        }
    }

    /// The repository that a job, or an apply, is about: as [`Place::find`], with the number 0
    /// where no pull request is known. Outside of CI `JUMPGATE_FORGE` (the kind),
    /// `JUMPGATE_FORGE_API` and `JUMPGATE_FORGE_REPOSITORY` say it.
    ///
    /// # Errors
    /// When something is missing, with the flag that says it.
    pub fn repository(known: Known, environment: Environment<'_>) -> Result<Self, Error> {
        let set = |name: &str| environment(name).is_some();
        let missing =
            |what: &str, flag: &str| Error::new(format!("it is not known {what}: add {flag}"));
        let told = match environment("JUMPGATE_FORGE") {
            Some(text) => Some(Kind::from_str(&text, true).map_err(|_| {
                Error::new(format!(
                    "JUMPGATE_FORGE is {text}: expected github, gitlab, gitea or gitee"
                ))
            })?),
            None => None,
        };
        let kind = known.kind.or(told).or_else(|| {
            if set("GITEA_ACTIONS") || set("FORGEJO_ACTIONS") {
                Some(Kind::Gitea)
            } else if set("GITHUB_ACTIONS") {
                Some(Kind::Github)
            } else {
                set("GITLAB_CI").then_some(Kind::Gitlab)
            }
        });
        let kind = kind.ok_or_else(|| missing("which forge this is", "--forge"))?;
        let (api, repository, number) = match kind {
            Kind::Github | Kind::Gitea => (
                // A token of the one must not go to the other: both kinds of jobs set this.
                environment("GITHUB_API_URL").filter(|api| is_gitea(api) == (kind == Kind::Gitea)),
                environment("GITHUB_REPOSITORY"),
                environment("GITHUB_REF").and_then(|name| number(&name)),
            ),
            Kind::Gitlab => (
                environment("CI_API_V4_URL"),
                environment("CI_PROJECT_ID"),
                environment("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
            ),
            Kind::Gitee => (None, None, None),
        };
        let own = match kind {
            Kind::Github => Some("https://api.github.com"),
            Kind::Gitlab => Some("https://gitlab.com/api/v4"),
            Kind::Gitee => Some("https://gitee.com/api/v5"),
            Kind::Gitea => None,
        };
        let api = known
            .api
            .or_else(|| environment("JUMPGATE_FORGE_API"))
            .or(api)
            .or_else(|| own.map(str::to_owned));
        Ok(Self {
            kind,
            api: api.ok_or_else(|| missing("where the forge's API is", "--api"))?,
            repository: known
                .repository
                .or_else(|| environment("JUMPGATE_FORGE_REPOSITORY"))
                .or(repository)
                .ok_or_else(|| missing("which repository this is", "--repository"))?,
            number: known.number.or(number).unwrap_or(0),
        })
    }

    /// The forge's API for this pull request.
    ///
    /// # Errors
    /// When the repository is no `owner/name`.
    pub fn forge(&self) -> Result<Box<dyn Reviews>, Error> {
        let number = self.number.to_string();
        if self.kind == Kind::Gitlab {
            return Ok(Box::new(GitLab { project: self.repository.clone(), number }));
        }
        let parts = self.repository.split_once('/');
        let parts = parts
            .filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'));
        let (owner, name) = parts.ok_or_else(|| {
            Error::new(format!("{} is no repository: expected owner/name", self.repository))
        })?;
        let (owner, name) = (owner.to_owned(), name.to_owned());
        Ok(match self.kind {
            Kind::Github => Box::new(GitHub { owner, name, number }),
            Kind::Gitee => Box::new(Gitee { owner, name, number }),
            Kind::Gitea | Kind::Gitlab => Box::new(Gitea { owner, name, number }),
        })
    }

    /// The variables that may hold the token, in the order of trying.
    pub fn token_names(&self) -> [&'static str; 2] {
        let own = match self.kind {
            Kind::Github => "GITHUB_TOKEN",
            Kind::Gitlab => "GITLAB_TOKEN",
            Kind::Gitea => "GITEA_TOKEN",
            Kind::Gitee => "GITEE_TOKEN",
        };
        ["JUMPGATE_FORGE_TOKEN", own]
    }

    /// The token.
    ///
    /// # Errors
    /// When none is set.
    pub fn token(&self, environment: Environment<'_>) -> Result<SecretString, Error> {
        let names = self.token_names();
        let found = names.iter().find_map(|name| environment(name));
        found.map(SecretString::from).ok_or_else(|| {
            Error::new(format!("no token for the forge: set {}", names.join(" or ")))
        })
    }
}

/// Whether an address is that of Gitea's or Forgejo's API; GitHub's has another path, or none.
fn is_gitea(api: &str) -> bool {
    api.trim_end_matches('/').ends_with("/api/v1")
}

/// The number in `refs/pull/12/merge`.
fn number(reference: &str) -> Option<u64> {
    reference.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned())
    }

    #[test]
    fn a_job_knows_its_pull_request() {
        let github = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "https://git.acme.example/api/v3"),
            ("GITHUB_REPOSITORY", "acme/access"),
            ("GITHUB_REF", "refs/pull/12/merge"),
        ]);
        let place = Place::find(Known::default(), &github).expect("a place");
        assert_eq!((place.kind, place.number), (Kind::Github, 12));
        assert_eq!(place.api, "https://git.acme.example/api/v3");
        let gitlab = of(&[
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", "https://git.acme.example/api/v4"),
            ("CI_PROJECT_ID", "7"),
            ("CI_MERGE_REQUEST_IID", "3"),
        ]);
        let place = Place::find(Known::default(), &gitlab).expect("a place");
        assert_eq!((place.kind, place.repository.as_str(), place.number), (Kind::Gitlab, "7", 3));
    }

    #[test]
    fn a_token_goes_to_no_forge_of_another_kind() {
        let github = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "https://api.github.com"),
            ("GITHUB_REPOSITORY", "acme/access"),
        ]);
        let known = Known { kind: Some(Kind::Gitea), ..Known::default() };
        let error = Place::repository(known.clone(), &github).expect_err("it is not known");
        assert!(error.to_string().contains("--api"), "{error}");
        let gitea = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "https://git.acme.example/api/v1"),
            ("GITHUB_REPOSITORY", "acme/access"),
        ]);
        let place = Place::repository(known, &gitea).expect("a place");
        assert_eq!(place.api, "https://git.acme.example/api/v1");
        let known = Known { kind: Some(Kind::Github), ..Known::default() };
        let place = Place::repository(known, &gitea).expect("a place");
        assert_eq!(place.api, "https://api.github.com");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Place::find(Known::default(), &of(&[])).expect_err("nothing known");
        assert!(error.to_string().contains("--forge"), "{error}");
        let push = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "a/b"),
            ("GITHUB_REF", "refs/heads/main"),
        ]);
        let error = Place::find(Known::default(), &push).expect_err("no pull request");
        assert!(error.to_string().contains("--number"), "{error}");
    }
}
