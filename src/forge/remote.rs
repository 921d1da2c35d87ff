//! Which forge a git remote is at, from its address.

use super::{Kind, Known};

/// What the address of a remote tells: the repository, and for the public forges the kind.
/// For a known `kind`, the address of its API too. Nothing for a path.
pub fn of_remote(address: &str, kind: Option<Kind>) -> Known {
    let Some((host, path)) = parts(address) else { return Known { kind, ..Known::default() } };
    let known = match host.to_ascii_lowercase().as_str() {
        "github.com" | "ssh.github.com" => Some(Kind::Github),
        "gitlab.com" | "altssh.gitlab.com" => Some(Kind::Gitlab),
        "gitee.com" => Some(Kind::Gitee),
        "codeberg.org" | "gitea.com" => Some(Kind::Gitea),
        _ => None,
    };
    let path = path.trim_matches('/');
    let repository = path.strip_suffix(".git").unwrap_or(path).to_owned();
    let public = known.is_some() && known != Some(Kind::Gitea);
    let api = kind.or(known).filter(|_| !public).map(|kind| {
        let below = match kind {
            Kind::Github => "api/v3",
            Kind::Gitlab => "api/v4",
            Kind::Gitea => "api/v1",
            Kind::Gitee => "api/v5",
        };
        format!("https://{host}/{below}")
    });
    Known { kind: kind.or(known), api, repository: Some(repository), number: None }
}

/// The host and the path of `https://host/path`, `ssh://git@host:22/path` and
/// `git@host:path`.
fn parts(address: &str) -> Option<(String, String)> {
    if let Ok(url) = url::Url::parse(address)
        && matches!(url.scheme(), "https" | "http" | "ssh" | "git")
    {
        let host = url.host_str()?;
        let port = url.port().filter(|_| url.scheme().starts_with("http"));
        let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        return Some((host, url.path().to_owned()));
    }
    let (host, path) = address.split_once(':')?;
    let host = host.rsplit('@').next()?;
    (!host.contains('/') && !host.is_empty()).then(|| (host.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_tells_its_forge() {
        let of = |address: &str, kind| {
            let known = of_remote(address, kind);
            (known.kind, known.api, known.repository)
        };
        let repository = Some("acme/access".to_owned());
        for address in [
            "https://github.com/acme/access.git",
            "git@github.com:acme/access.git",
            "ssh://git@github.com:22/acme/access",
        ] {
            assert_eq!(of(address, None), (Some(Kind::Github), None, repository.clone()));
        }
        let api = Some("https://git.acme.example:3000/api/v1".to_owned());
        let own = "http://git.acme.example:3000/acme/access.git";
        assert_eq!(of(own, None), (None, None, repository.clone()));
        assert_eq!(of(own, Some(Kind::Gitea)), (Some(Kind::Gitea), api, repository));
        assert_eq!(of("/srv/git/access.git", None), (None, None, None));
    }
}
