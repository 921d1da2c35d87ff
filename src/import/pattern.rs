//! Names that tell whose something is.

use std::str::FromStr;

/// How the names of permissions and accounts of one kind are made, and what they mean:
/// `ro_{person}=r`, `{person}-regularusers=app`, `jump_db_{person}_{level}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    before: String,
    after: String,
    /// What stands between the person and the level, when the name tells the level.
    between: Option<String>,
    /// The login or level that the name means.
    means: Option<String>,
}

/// What a name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// The person, as the name has it.
    pub(super) person: &'a str,
    /// The login or level.
    pub(super) means: Option<&'a str>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pattern of names: expected {{person}} in it once, and maybe a login or a level behind `=`, such as 'ro_{{person}}=r'"
)]
pub struct InvalidPattern(String);

const PERSON: &str = "{person}";
const LEVEL: &str = "{level}";

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern(text.to_owned());
        let (template, means) = match text.split_once('=') {
            Some((template, means)) if !means.is_empty() => (template, Some(means.to_owned())),
            Some(_) => return Err(invalid()),
            None => (text, None),
        };
        let (before, rest) = template.split_once(PERSON).ok_or_else(invalid)?;
        let (between, after) = match rest.split_once(LEVEL) {
            Some((between, after)) => (Some(between.to_owned()), after),
            None => (None, rest),
        };
        let alone = before.is_empty() && after.is_empty() && between.is_none();
        let joined = between.as_deref() == Some("");
        let told_twice = between.is_some() && means.is_some();
        if [before, after].iter().any(|part| part.contains(['{', '}']))
            || between.as_deref().is_some_and(|part| part.contains(['{', '}']))
            || alone
            || joined
            || told_twice
        {
            return Err(invalid());
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned(), between, means })
    }
}

impl Pattern {
    /// The patterns that are known without being said: those of a ticket page in a patched
    /// JumpServer.
    pub fn known() -> Vec<Self> {
        let make = |before: &str, between: Option<&str>, after: &str, means: Option<&str>| Self {
            before: before.to_owned(),
            after: after.to_owned(),
            between: between.map(str::to_owned),
            means: means.map(str::to_owned),
        };
        vec![
            make("", None, "-regularusers", Some("app")),
            make("", None, "-superuser", Some("root")),
            make("jump_db_", Some("_"), "", None),
            make("jump_md_", Some("_"), "", None),
        ]
    }

    /// The login or level that its names mean, when it says one.
    pub fn means(&self) -> Option<&str> {
        self.means.as_deref()
    }

    /// What a name tells, when it is one of this pattern.
    pub(super) fn told<'a>(&'a self, name: &'a str) -> Option<Told<'a>> {
        let inner = name.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        let (person, means) = match &self.between {
            // A level holds no `_`, and a person may: the last one divides them.
            Some(between) => {
                let (person, level) = inner.rsplit_once(&**between)?;
                (person, Some(level).filter(|level| !level.is_empty())?.into())
            }
            None => (inner, self.means.as_deref()),
        };
        (!person.is_empty()).then_some(Told { person, means })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pattern: &str, name: &str) -> Option<(String, Option<String>)> {
        let pattern: Pattern = pattern.parse().expect("a pattern");
        let told = pattern.told(name)?;
        Some((told.person.to_owned(), told.means.map(str::to_owned)))
    }

    fn some(person: &str, means: Option<&str>) -> Option<(String, Option<String>)> {
        Some((person.to_owned(), means.map(str::to_owned)))
    }

    #[test]
    fn a_name_tells_whose_it_is_and_what_it_means() {
        assert_eq!(told("ro_{person}=r", "ro_li.wei"), some("li.wei", Some("r")));
        assert_eq!(told("ro_{person}", "ro_liwei"), some("liwei", None));
        assert_eq!(told("{person}-superuser=root", "a-b-superuser"), some("a-b", Some("root")));
        assert_eq!(told("j_{person}_{level}", "j_fan_li_rw"), some("fan_li", Some("rw")));
        for other in ["rw_liwei", "ro_", "RO_liwei"] {
            assert_eq!(told("ro_{person}=r", other), None, "{other}");
        }
        assert_eq!(told("j_{person}_{level}", "j_fan"), None);
    }

    #[test]
    fn the_ticket_pages_names_are_known() {
        let known = |name: &str| {
            let patterns = Pattern::known();
            let told = patterns.iter().find_map(|pattern| pattern.told(name));
            told.map(|told| format!("{} {}", told.person, told.means.unwrap_or("?")))
        };
        assert_eq!(known("fanlichun-regularusers").as_deref(), Some("fanlichun app"));
        assert_eq!(known("fanlichun-superuser").as_deref(), Some("fanlichun root"));
        assert_eq!(known("jump_db_fanlichun_r").as_deref(), Some("fanlichun r"));
        assert_eq!(known("jump_md_fanlichun_r").as_deref(), Some("fanlichun r"));
        assert_eq!(known("shop_rw"), None);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["ro_", "{person}", "ro_{person}=", "{person}{level}", "{a}{person}", ""] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
