//! Mail by TLS. 0.0.0.0 leads to this machine and is not known for it, so that nothing is let
//! pass there that only this machine may.

use std::path::Path;

use super::smtp::{PASSWORD, Smtp, Tls};
use super::{Repo, STATE};
use crate::support::company::Done;
use crate::support::servers::{certificates, tls_config};

const MAIL: &str = "channels:\n  mail: { kind: mail, from: jumpgate@acme.example }\n";

/// What is told of a certificate that another authority signed.
const FOREIGN: &str = "is not signed by an authority that is trusted: trust it on this machine";

/// A server that begins TLS as the scheme says, with the certificate of a folder.
fn server(scheme: &str, folder: &Path) -> Smtp {
    let config = tls_config(folder);
    Smtp::start(if scheme == "smtps" { Tls::AtOnce(config) } else { Tls::Later(config) })
}

/// Sends what there is to tell to a server; certificates of this repo's authority are trusted.
async fn sent(repo: &Repo, scheme: &str, smtp: &Smtp) -> Done {
    let authority = repo.0.path().join("ca.pem").display().to_string();
    let environment = [
        ("JUMPGATE_NOTIFY_MAIL_URL", format!("{scheme}://jumpgate@0.0.0.0:{}", smtp.port)),
        ("JUMPGATE_NOTIFY_MAIL_SECRET", PASSWORD.to_owned()),
        ("SSL_CERT_FILE", authority),
    ];
    repo.run(&environment, &STATE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_by_tls_at_once_or_by_starttls() {
    for scheme in ["smtps", "smtp"] {
        let repo = Repo::new(MAIL);
        certificates(repo.0.path(), &["0.0.0.0"]);
        let smtp = server(scheme, repo.0.path());
        sent(&repo, scheme, &smtp).await.expect(0);
        assert_eq!(smtp.mails().len(), 1, "{scheme}");
        assert!(smtp.verbs(true).contains(&"AUTH".to_owned()), "{scheme}");
        let clear: &[&str] = if scheme == "smtps" { &[] } else { &["EHLO", "STARTTLS"] };
        assert_eq!(smtp.verbs(false), clear);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_refused_before_the_login() {
    let other = tempfile::tempdir().expect("a folder");
    for (names, why) in [("0.0.0.0", FOREIGN), ("127.0.0.1", "names another host")] {
        for scheme in ["smtps", "smtp"] {
            let repo = Repo::new(MAIL);
            certificates(repo.0.path(), &[names]);
            certificates(other.path(), &[names]);
            let foreign = why == FOREIGN;
            let smtp = server(scheme, if foreign { other.path() } else { repo.0.path() });
            let done = sent(&repo, scheme, &smtp).await.expect(5);
            let told = format!("the certificate of the mail server {why}");
            assert!(done.stderr.contains(&told), "{}", done.stderr);
            assert!(smtp.mails().is_empty() && smtp.verbs(true).is_empty());
            assert!(!smtp.verbs(false).contains(&"AUTH".to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_no_password_is_sent() {
    for (scheme, why) in [
        ("smtp", "mail server cannot be used: STARTTLS is not supported on this server"),
        ("smtps", "the mail server speaks no TLS at this port"),
    ] {
        let repo = Repo::new(MAIL);
        certificates(repo.0.path(), &["0.0.0.0"]);
        let smtp = Smtp::start(Tls::Never);
        let done = sent(&repo, scheme, &smtp).await.expect(5);
        assert!(done.stderr.contains(why), "{}", done.stderr);
        let clear = smtp.verbs(false);
        assert!(!clear.iter().any(|verb| verb == "AUTH" || verb == "MAIL"), "{clear:?}");
    }
}
