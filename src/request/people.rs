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

/// The person with an e-mail address.
pub fn of_mail<'a>(access: &'a Access, mail: &str) -> Option<&'a PersonName> {
    let same = |email: &String| email.eq_ignore_ascii_case(mail.trim());
    access.people.iter().find(|(_, p)| p.email.as_ref().is_some_and(same)).map(|(name, _)| name)
}
