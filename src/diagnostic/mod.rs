//! What is wrong in a file, said to a person: where, what was expected, what to do.

mod near;
pub mod pages;
mod render;

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::model::Site;
use crate::kinds::kinds;

pub use near::nearest;
pub use render::render;

kinds! {
    /// The stable code of a kind of error: it never changes its meaning.
    Code {
        /// The code as people see it.
        as_str;
        /// It in a few words.
        title: &'static str;
    }
    /// The file is no text, or too large.
    NotText = "JG001", "not a text file";
    /// The file is no YAML.
    Syntax = "JG002", "not YAML";
    /// A key that does not exist.
    UnknownKey = "JG003", "a key that does not exist";
    /// A key that is there twice.
    DuplicateKey = "JG004", "a key that is there twice";
    /// A key that must be there is missing.
    MissingKey = "JG005", "a key is missing";
    /// A value of another kind than expected.
    WrongKind = "JG006", "a value of another kind than expected";
    /// A key without a value.
    NoValue = "JG007", "a key without a value";
    /// More than one document in a file.
    SeveralDocuments = "JG008", "more than one document in a file";
    /// Tags, aliases or merge keys: YAML that these files do without.
    Exotic = "JG009", "YAML that these files do without";
    /// A name whose form is not the one of its kind.
    InvalidName = "JG010", "a name of the wrong form";
    /// A name that nothing in the repo has.
    UnknownName = "JG011", "a name that the repo does not know";
    /// A `tables:` entry that is no scope.
    InvalidScope = "JG012", "not a database, table or columns";
    /// A text that is no end of a period, or a period that ends before it begins.
    InvalidPeriod = "JG013", "not a period";
    /// A list without entries, or a block that asks for nothing.
    Empty = "JG014", "an empty list, or a block that asks for nothing";
    /// A value that is not possible for its key.
    InvalidValue = "JG015", "a value that is not possible for its key";
    /// A privilege that no level may hold, or that its scope cannot hold.
    Privilege = "JG016", "a privilege that cannot be held";
    /// Something that the inventory does not offer.
    NotOffered = "JG017", "the inventory does not offer this";
    /// A file that is missing, unreadable, or in the way of another.
    File = "JG018", "a file that is missing or in the way";
    /// A `#` that turned the end of a text into a comment.
    SwallowedComment = "JG019", "a comment that swallowed the end of a text";
    /// The same entry twice.
    Twice = "JG020", "the same entry twice";
    /// Two different things that would get one name.
    SameName = "JG021", "two things that would get one name";
    /// A limit of policy that can never limit anything.
    IdleLimit = "JG022", "a limit that can never limit anything";
    /// A character that nobody sees as what it is.
    Hidden = "JG023", "a character that is not seen as what it is";
    /// A text that is longer than its kind may be.
    TooLong = "JG024", "a text that is too long";
    /// More entries, or more grants, than is possible.
    TooMuch = "JG025", "more than is possible";
    /// More errors than are listed.
    MoreErrors = "JG026", "more errors than are listed";
    /// Something is adopted for more than one person, or for a team.
    AdoptsForMany = "JG027", "something adopted for more than one person";
    /// One thing is adopted twice, or two things would become one.
    AdoptedTwice = "JG028", "one thing adopted twice";
    /// An account that cannot be adopted, or an `adopts` that names no one thing.
    NotAdoptable = "JG029", "something that cannot be adopted";
    /// A pull request adds or edits a request that is over.
    EndPassed = "JG030", "a request that is over";
    /// A name that the catalogue does not know.
    NotInCatalog = "JG031", "a name that the catalogue does not know";
    /// A catalogue that is not as it is written.
    NoCatalog = "JG032", "a catalogue that cannot be read";
    /// A request that policy refuses as it is.
    PolicyRefuses = "JG033", "a request that policy refuses";
    /// Somebody who approves, and has no name at the forge.
    NoForgeName = "JG034", "an owner without a name at the forge";
    /// An emergency where policy knows none.
    NoEmergency = "JG041", "an emergency that policy does not know";
    /// An emergency that is not for hours.
    EmergencyPeriod = "JG042", "an emergency that is not for hours";
    /// An approval afterwards of what is no emergency.
    ApprovedAfterwards = "JG043", "an approval afterwards of what is no emergency";
    /// A level that lets people leave things behind that run with their rights.
    Definers = "JG101", "a level whose holders leave things behind";
    /// Accounts that can be used from any host.
    OpenHost = "JG102", "accounts that can be used from any host";
    /// A connection that is not protected against others on the way.
    WeakTls = "JG103", "a connection that is not protected";
    /// A request for an instance that is retired.
    Retired = "JG104", "a request for a retired instance";
    /// An address of JumpServer without encryption.
    PlainHttp = "JG105", "JumpServer without encryption";
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
    /// How much it matters: codes below JG100 are errors of the files, but for what a
    /// catalogue says, which may be old, what policy says, which the plan judges, and a name
    /// that only the forge needs.
    pub fn severity(self) -> Severity {
        match self {
            Self::NotInCatalog | Self::NoCatalog | Self::PolicyRefuses | Self::NoForgeName => {
                Severity::Warning
            }
            _ if self.as_str() < "JG100" => Severity::Error,
            _ => Severity::Warning,
        }
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
}
