//! Why something was left alone.

use serde::Serialize;

use crate::kinds::kinds;

/// One reason: its kind, and what is the case here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reason {
    /// The kind of reason.
    pub why: Why,
    /// What is the case, in words for a person.
    pub text: String,
}

impl Reason {
    /// A reason of a kind.
    pub(super) fn new(why: Why, text: impl Into<String>) -> Self {
        Self { why, text: text.into() }
    }
}

kinds! {
    /// A kind of reason.
    Why {
        /// Its stable word in JSON.
        word;
        /// It in a few words.
        title: &'static str;
        /// What a person can do.
        help: &'static str;
    }
    /// It opens nothing: switched off, ended, or empty.
    Shut = "shut", "opens nothing today",
        "delete it in JumpServer, or leave it";
    /// It carries a mark of jumpgate that is not this owner's, or a copied one.
    Marked = "marked", "carries a mark of jumpgate",
        "`jumpgate audit` says whose it is";
    /// It is not one person's: several users, a group, or nobody.
    NotOnePerson = "not-one-person", "is not for one person",
        "give each person one of their own, by requests; then switch it off";
    /// Nobody in `people/` is meant.
    UnknownPerson = "unknown-person", "nobody in people/ is meant",
        "`jumpgate import people`, then import again";
    /// No pattern tells whose it is.
    NoPattern = "no-pattern", "no name pattern tells whose they are",
        "where names tell it, say how: --pattern 'ro_{person}=r'";
    /// What it gives is no login.
    NotALogin = "not-a-login", "gives what no login gives",
        "narrow it in JumpServer, or change `logins:` in jumpgate.yaml, then import again";
    /// What it gives is not what a permission for databases gives.
    NotAnAccount = "not-an-account", "gives what no request for a database gives",
        "narrow it in JumpServer, or ask for it by a request that adopts nothing";
    /// It cannot be said when it starts or ends.
    Period = "period", "starts or ends when no request can",
        "give it an end on a whole minute in JumpServer, then import again";
    /// The inventory does not have what it reaches.
    NotOffered = "not-offered", "reaches what the inventory does not have",
        "`jumpgate import inventory --environment NAME` writes what is new there; a login or a \
         level is added by hand";
    /// Another request, or another permission or account, is in its place already.
    Taken = "taken", "stands where another one stands",
        "make one of both where they are (on databases one permission with the assets of both), then \
         import again; or leave it";
    /// Its account or its permission is left alone.
    Pair = "pair", "has no account or permission that goes with it",
        "an account is imported together with the permission that opens it";
    /// It holds privileges that no level says.
    NotALevel = "not-a-level", "holds what no level holds",
        "change `levels:` in jumpgate.yaml or the grants, then import again";
    /// It holds more than privileges on databases.
    Beyond = "beyond", "holds more than privileges on databases",
        "a request can never ask for it: take it away or keep it by hand";
    /// A pattern stands where a request names one database.
    Wildcard = "wildcard", "holds grants on patterns",
        "grant what is meant by name, revoke the pattern, then import again";
    /// It is for another host than accounts of the instance are.
    Host = "host", "is for another host",
        "see account-host: in the instance's file";
    /// It does not log in as accounts of requests do.
    Login = "login", "does not log in as accounts of requests do",
        "put that right on the server, then import again";
    /// JumpServer does not open it as it opens accounts of requests.
    NotHeld = "not-held", "is not in JumpServer, or without its password",
        "put the account with its password on the asset, then import again";
    /// What it names does not exist.
    Gone = "gone", "names what does not exist",
        "revoke that, then import again";
    /// It belongs to the server or to a role.
    Server = "server", "is a role or the server's own",
        "roles and administrators stay as they are";
    /// A value that a file needs is not known.
    Unknown = "unknown", "a value that its file needs is not known",
        "say it by a flag, or write the file by hand";
    /// Its file is there already, and does not have it.
    File = "file", "a file is in the way, or would not pass the checks",
        "write it by hand";
}

impl schemars::JsonSchema for Why {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Why".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = Self::ALL.iter().map(|why| why.word()).collect();
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}
