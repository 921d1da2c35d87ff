//! Where a line of a file can be seen.

use super::escape;
use crate::access::model::Site;

/// How files are linked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The address of a commit's files, with `{commit}` in it, such as
    /// `https://github.com/acme/access/blob/{commit}`; without it nothing is linked.
    pub base: Option<String>,
    /// The folder of the access repo below the root of its repository, with `/`.
    pub folder: String,
}

impl Links {
    /// The address of files as the environment of a CI job tells it: GitHub Actions, Gitea
    /// and Forgejo Actions, GitLab CI.
    pub fn base_of(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if let Some(project) = environment("CI_PROJECT_URL") {
            return Some(format!("{}/-/blob/{{commit}}", project.trim_end_matches('/')));
        }
        let server = environment("GITHUB_SERVER_URL")?;
        let repository = environment("GITHUB_REPOSITORY")?;
        let gitea = environment("GITEA_ACTIONS").or_else(|| environment("FORGEJO_ACTIONS"));
        let form = if gitea.is_some() { "src/commit" } else { "blob" };
        Some(format!("{}/{repository}/{form}/{{commit}}", server.trim_end_matches('/')))
    }

    /// A place as a link, or as text when nothing is linked.
    pub(super) fn to(&self, site: &Site, commit: Option<&str>) -> String {
        let label = escape::code(&format!("{}:{}", site.file, site.line));
        match self.url(site, commit) {
            Some(url) => format!("[{label}]({url})"),
            None => label,
        }
    }

    fn url(&self, site: &Site, commit: Option<&str>) -> Option<String> {
        let base = self.base.as_ref()?;
        if !base.starts_with("https://") && !base.starts_with("http://") {
            return None;
        }
        let base = base.replace("{commit}", commit?);
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[]`\\\"'|".contains(c);
        let folder =
            if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) };
        let path = escape::path(&format!("{folder}{}", site.file));
        // A link longer than this would crowd out what it belongs to.
        (path.len() <= 400 && !base.contains(odd))
            .then(|| format!("{}/{path}#L{}", base.trim_end_matches('/'), site.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site { file: "requests/a b.yaml".into(), line: 7, column: 1 }
    }

    #[test]
    fn each_forge_has_its_own_form() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            Links::base_of(&move |name| {
                pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            })
        };
        let github =
            [("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_REPOSITORY", "acme/access")];
        assert_eq!(of(&github).as_deref(), Some("https://github.com/acme/access/blob/{commit}"));
        let gitea = [github[0], github[1], ("GITEA_ACTIONS", "true")];
        assert_eq!(
            of(&gitea).as_deref(),
            Some("https://github.com/acme/access/src/commit/{commit}")
        );
        let gitlab = [("CI_PROJECT_URL", "https://git.acme.example/ops/access")];
        assert_eq!(
            of(&gitlab).as_deref(),
            Some("https://git.acme.example/ops/access/-/blob/{commit}")
        );
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_line_is_linked_at_its_commit() {
        let links = Links {
            base: Some("https://x.example/a/blob/{commit}".into()),
            folder: "access".into(),
        };
        assert_eq!(
            links.to(&site(), Some("abc")),
            "[`requests/a b.yaml:7`](https://x.example/a/blob/abc/access/requests/a%20b.yaml#L7)"
        );
        assert_eq!(links.to(&site(), None), "`requests/a b.yaml:7`");
        let script = Links { base: Some("javascript:x".into()), folder: String::new() };
        assert_eq!(script.to(&site(), Some("abc")), "`requests/a b.yaml:7`");
    }
}
