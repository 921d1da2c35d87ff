//! People by the names that other systems have for them.

use super::Invalid;
use crate::access::model::Access;
use crate::diagnostic::nearest;
use crate::names::PersonName;

/// The person whom a name means: the name of the file, the user name in JumpServer, or the
/// e-mail address.
///
/// # Errors
/// When nobody is called so, with the nearest name.
pub fn person<'a>(access: &'a Access, text: &str) -> Result<&'a PersonName, Invalid> {
    let text = text.trim();
    let by_file = access.people.keys().find(|name| name.as_str() == text);
    let by_user =
        || access.people.iter().find(|(_, person)| person.jumpserver == text).map(|(name, _)| name);
    by_file.or_else(by_user).or_else(|| of_mail(access, text)).ok_or_else(|| {
        let known = access.people.iter().flat_map(|(name, person)| {
            [Some(name.as_str()), Some(&*person.jumpserver), person.email.as_deref()]
        });
        Invalid(match nearest(text, known.flatten()) {
            Some(near) => format!("nobody in people/ is {text}; did you mean {near}?"),
            None => format!(
                "nobody in people/ is {text}: expected the name of a file, a user name in \
                 JumpServer, or an e-mail address"
            ),
        })
    })
}

/// The person whom git's `user.email` means: by the address, or by the name at the forge in an
/// address that the forge made up to hide the real one.
pub fn of_git<'a>(access: &'a Access, mail: &str) -> Option<&'a PersonName> {
    of_mail(access, mail).or_else(|| {
        let name = hidden(mail)?;
        let same = |forge: &String| forge.eq_ignore_ascii_case(name);
        let found = access.people.iter().find(|(_, p)| p.forge.as_ref().is_some_and(same));
        found.map(|(person, _)| person)
    })
}

/// The name in `1234+fanlc@users.noreply.github.com`, `1234-fanlc@users.noreply.gitlab.com` or
/// `fanlc@noreply.gitea.com`.
fn hidden(mail: &str) -> Option<&str> {
    let (local, host) = mail.trim().split_once('@')?;
    if !host.starts_with("users.noreply.") && !host.starts_with("noreply.") {
        return None;
    }
    let name = local.trim_start_matches(|c: char| c.is_ascii_digit());
    // A name may begin with digits: they are an id only before a sign.
    let name = if name.len() < local.len() { name.strip_prefix(['+', '-']) } else { None };
    Some(name.unwrap_or(local))
}

/// The person with an e-mail address.
pub fn of_mail<'a>(access: &'a Access, mail: &str) -> Option<&'a PersonName> {
    let same = |email: &String| email.eq_ignore_ascii_case(mail.trim());
    access.people.iter().find(|(_, p)| p.email.as_ref().is_some_and(same)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_hide_the_real_one_hold_the_name_at_the_forge() {
        assert_eq!(hidden("1234+fanlc@users.noreply.github.com"), Some("fanlc"));
        assert_eq!(hidden("fanlc@users.noreply.github.com"), Some("fanlc"));
        assert_eq!(hidden("1234-fanlc@users.noreply.gitlab.com"), Some("fanlc"));
        assert_eq!(hidden("fanlc@noreply.gitea.com"), Some("fanlc"));
        assert_eq!(hidden("42nd@users.noreply.github.com"), Some("42nd"));
        assert_eq!(hidden("fanlichun@acme.example"), None);
    }
}
