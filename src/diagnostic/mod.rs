//! What is wrong in a file, said to a person: where, what was expected, what to do.

mod render;

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::model::Site;

pub use render::render;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// The stable code of a kind of error: it never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as people see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// The file is no text, or too large.
    NotText = "JG001";
    /// The file is no YAML.
    Syntax = "JG002";
    /// A key that does not exist.
    UnknownKey = "JG003";
    /// A key that is there twice.
    DuplicateKey = "JG004";
    /// A key that must be there is missing.
    MissingKey = "JG005";
    /// A value of another kind than expected.
    WrongKind = "JG006";
    /// A key without a value.
    NoValue = "JG007";
    /// More than one document in a file.
    SeveralDocuments = "JG008";
    /// Tags, aliases or merge keys: YAML that these files do without.
    Exotic = "JG009";
    /// A name whose form is not the one of its kind.
    InvalidName = "JG010";
    /// A name that nothing in the repo has.
    UnknownName = "JG011";
    /// A `tables:` entry that is no scope.
    InvalidScope = "JG012";
    /// A text that is no end of a period, or a period that ends before it begins.
    InvalidPeriod = "JG013";
    /// A list without entries, or a block that asks for nothing.
    Empty = "JG014";
    /// A value that is not possible for its key.
    InvalidValue = "JG015";
    /// A privilege that no level may hold, or that its scope cannot hold.
    Privilege = "JG016";
    /// Something that the inventory does not offer.
    NotOffered = "JG017";
    /// A file that is missing, unreadable, or in the way of another.
    File = "JG018";
    /// A `#` that turned the end of a text into a comment.
    SwallowedComment = "JG019";
    /// The same entry twice.
    Twice = "JG020";
    /// Two different things that would get one name.
    SameName = "JG021";
    /// A limit of policy that can never limit anything.
    IdleLimit = "JG022";
    /// A level that lets people leave things behind that run with their rights.
    Definers = "JG101";
    /// Accounts that can be used from any host.
    OpenHost = "JG102";
    /// A connection that is not protected against others on the way.
    WeakTls = "JG103";
    /// A request for an instance that is retired.
    Retired = "JG104";
}

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The files are invalid.
    Error,
    /// The files are valid; a person should know this.
    Warning,
}

impl Code {
    /// How much it matters: codes below JG100 are errors of the files.
    pub fn severity(self) -> Severity {
        if self.as_str() < "JG100" { Severity::Error } else { Severity::Warning }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One error or warning in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Where it is.
    pub site: Site,
    /// The bytes of the file that it is about; empty is the place itself.
    #[serde(skip)]
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    pub expected: String,
    /// What to do.
    pub help: Option<String>,
}

/// The known name that a person may have meant.
///
/// A name that differs only by case wins; else the nearest one, when it is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let near = known.into_iter().filter_map(|candidate| {
        let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
        (distance <= name.chars().count().div_ceil(3).min(3)).then_some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_distinct() {
        let codes: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert_eq!(Code::UnknownKey.to_string(), "JG003");
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["reason", "servers", "databases", "until"];
        assert_eq!(nearest("Reason", known), Some("reason"));
        assert_eq!(nearest("server", known), Some("servers"));
        assert_eq!(nearest("untill", known), Some("until"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("", known), None);
    }
}
