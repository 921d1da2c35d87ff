//! Credentials from the environment, or from files that the environment names. Never from
//! the access repo, never from a flag.

use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroize;

use crate::jumpserver;
use crate::mysql;
use crate::names::InstanceName;

/// What is missing or wrong about credentials, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The environment: a variable's value by its name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable of jumpgate's own that is set, and that nobody can read as text.
pub fn unreadable() -> Option<String> {
    let names = std::env::vars_os().filter(|(_, value)| value.to_str().is_none());
    let names = names.filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("JUMPGATE_")).min()
}

/// The part of a variable's name that stands for an instance: `ORDERS_PROD`.
pub fn instance_part(instance: &InstanceName) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    instance.as_str().chars().map(upper).collect()
}

/// Whether any credentials for JumpServer are set, be they complete or not.
pub fn any(environment: Environment<'_>) -> bool {
    ["TOKEN", "TOKEN_FILE", "KEY_ID", "KEY_ID_FILE", "KEY_SECRET", "KEY_SECRET_FILE"]
        .iter()
        .any(|part| environment(&format!("JUMPGATE_JUMPSERVER_{part}")).is_some())
}

/// With what to talk to JumpServer.
///
/// # Errors
/// When nothing is set, when both forms are, or when a file cannot be read.
pub fn jumpserver(environment: Environment<'_>) -> Result<jumpserver::Credentials, Error> {
    let token = read(environment, "JUMPGATE_JUMPSERVER_TOKEN", None)?;
    let id = read(environment, "JUMPGATE_JUMPSERVER_KEY_ID", None)?;
    let secret = read(environment, "JUMPGATE_JUMPSERVER_KEY_SECRET", None)?;
    match (token, id, secret) {
        (Some(token), None, None) => Ok(jumpserver::Credentials::Token(token)),
        (None, Some(id), Some(secret)) => {
            use secrecy::ExposeSecret;
            Ok(jumpserver::Credentials::Key { id: id.expose_secret().to_owned(), secret })
        }
        (None, None, None) => Err(Error(
            "no credentials for JumpServer: set JUMPGATE_JUMPSERVER_TOKEN, or \
             JUMPGATE_JUMPSERVER_KEY_ID and JUMPGATE_JUMPSERVER_KEY_SECRET (each also as \
             ..._FILE, the path of a file that holds it)"
                .to_owned(),
        )),
        (Some(_), ..) => Err(Error(
            "credentials for JumpServer are there twice: set either JUMPGATE_JUMPSERVER_TOKEN or \
             an access key, not both"
                .to_owned(),
        )),
        (None, ..) => Err(Error(
            "an access key of JumpServer has two parts: set both JUMPGATE_JUMPSERVER_KEY_ID and \
             JUMPGATE_JUMPSERVER_KEY_SECRET"
                .to_owned(),
        )),
    }
}

/// With what to log in to an instance: its own variables win over those for all.
///
/// # Errors
/// When user name or password are not set, or a file cannot be read.
pub fn mysql(
    environment: Environment<'_>,
    instance: &InstanceName,
) -> Result<mysql::Credentials, Error> {
    use secrecy::ExposeSecret;
    let part = instance_part(instance);
    let find = |what: &str| -> Result<Option<SecretString>, Error> {
        let own = read(environment, &format!("JUMPGATE_MYSQL_{part}_{what}"), Some(instance))?;
        match own {
            Some(own) => Ok(Some(own)),
            None => read(environment, &format!("JUMPGATE_MYSQL_{what}"), Some(instance)),
        }
    };
    let missing = |what: &str| {
        Error(format!(
            "no {} for {instance}: set JUMPGATE_MYSQL_{part}_{what}, or JUMPGATE_MYSQL_{what} for \
             all instances (each also as ..._FILE)",
            what.to_lowercase().replace("user", "user name"),
        ))
    };
    let user = find("USER")?.ok_or_else(|| missing("USER"))?;
    let password = find("PASSWORD")?.ok_or_else(|| missing("PASSWORD"))?;
    Ok(mysql::Credentials { user: user.expose_secret().to_owned(), password })
}

/// The variable of a channel of `notify.yaml`: `JUMPGATE_NOTIFY_OPS_URL`.
pub fn channel_variable(channel: &str, part: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("JUMPGATE_NOTIFY_{}_{part}", channel.chars().map(upper).collect::<String>())
}

/// Where a channel of `notify.yaml` is reached, and its secret when it has one.
///
/// # Errors
/// When the address is not set, or a file cannot be read.
pub fn channel(
    environment: Environment<'_>,
    channel: &str,
) -> Result<(SecretString, Option<SecretString>), Error> {
    let variable = channel_variable(channel, "URL");
    let url = read(environment, &variable, None)?.ok_or_else(|| {
        Error(format!("its address is missing: set {variable} (or {variable}_FILE)"))
    })?;
    Ok((url, read(environment, &channel_variable(channel, "SECRET"), None)?))
}

/// A variable, or the content of the file that `<name>_FILE` names, without its last line
/// break.
fn read(
    environment: Environment<'_>,
    name: &str,
    instance: Option<&InstanceName>,
) -> Result<Option<SecretString>, Error> {
    let file = format!("{name}_FILE");
    match (environment(name), environment(&file)) {
        (Some(mut value), None) => {
            let secret = SecretString::from(value.as_str());
            value.zeroize();
            Ok(Some(secret))
        }
        (None, Some(path)) => {
            let path = match instance {
                Some(instance) => path.replace("{instance}", instance.as_str()),
                None => path,
            };
            let told = |why: String| Error(format!("{file}: {path} {why}"));
            let mut text = std::fs::read_to_string(Path::new(&path))
                .map_err(|error| told(format!("cannot be read: {error}")))?;
            let value = text.strip_suffix('\n').unwrap_or(&text);
            let value = value.strip_suffix('\r').unwrap_or(value);
            if value.is_empty() {
                return Err(told("is empty".to_owned()));
            }
            let secret = SecretString::from(value);
            text.zeroize();
            Ok(Some(secret))
        }
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error(format!("set either {name} or {file}, not both"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
        let map: BTreeMap<String, String> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        move |name: &str| map.get(name).cloned()
    }

    fn instance(name: &str) -> InstanceName {
        name.parse().expect("an instance")
    }

    #[test]
    fn an_instance_has_its_own_variables_or_shares_those_of_all() {
        let environment = of(&[
            ("JUMPGATE_MYSQL_USER", "jumpgate"),
            ("JUMPGATE_MYSQL_PASSWORD", "shared"),
            ("JUMPGATE_MYSQL_ORDERS_PROD_PASSWORD", "own"),
        ]);
        let own = mysql(&environment, &instance("orders-prod")).expect("credentials");
        assert_eq!((own.user.as_str(), own.password.expose_secret()), ("jumpgate", "own"));
        let shared = mysql(&environment, &instance("hr")).expect("credentials");
        assert_eq!(shared.password.expose_secret(), "shared");
    }

    #[test]
    fn files_are_named_by_instance_and_lose_their_last_line_break() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hr.pw"), "a b\n").expect("a file");
        let path = folder.path().join("{instance}.pw");
        let environment = of(&[
            ("JUMPGATE_MYSQL_USER", "jumpgate"),
            ("JUMPGATE_MYSQL_PASSWORD_FILE", path.to_str().expect("a path")),
        ]);
        let found = mysql(&environment, &instance("hr")).expect("credentials");
        assert_eq!(found.password.expose_secret(), "a b");
        let error = mysql(&environment, &instance("other")).expect_err("no file");
        assert!(error.to_string().contains("other.pw cannot be read"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named_and_no_secret_is_shown() {
        let error = jumpserver(&of(&[])).expect_err("nothing");
        assert!(error.to_string().contains("JUMPGATE_JUMPSERVER_TOKEN"));
        let twice = of(&[
            ("JUMPGATE_JUMPSERVER_TOKEN", "tell-nobody"),
            ("JUMPGATE_JUMPSERVER_TOKEN_FILE", "/x"),
        ]);
        let error = jumpserver(&twice).expect_err("twice");
        assert!(!error.to_string().contains("tell-nobody"), "{error}");
        let half = of(&[("JUMPGATE_JUMPSERVER_KEY_ID", "x")]);
        assert!(jumpserver(&half).is_err());
        let error = mysql(&of(&[]), &instance("orders-prod")).expect_err("nothing");
        assert!(error.to_string().contains("JUMPGATE_MYSQL_ORDERS_PROD_USER"), "{error}");
    }
}
