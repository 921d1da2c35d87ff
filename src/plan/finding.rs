//! What a plan has to tell besides its steps: what is in the way, what is risky, what is
//! odd.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::access::model::Site;
use crate::kinds::kinds;
use crate::names::PersonName;

kinds! {
    /// The kind of a finding. Its code never changes its meaning.
    Kind {
        /// The code, such as `JG201`.
        code;
        /// How bad it is.
        severity: Severity;
        /// It in a few words.
        title: &'static str;
    }
    /// The instance could not be read; nothing is changed there.
    Unreadable = "JG201", Severity::Error, "a database server could not be read";
    /// The server is another one than at the last apply.
    OtherServer = "JG202", Severity::Error, "a database server is not the one it was";
    /// Two instances lead to one server.
    OneServerTwice = "JG203", Severity::Error, "two instances lead to one server";
    /// The server cannot be written.
    NotWritable = "JG204", Severity::Error, "a database server cannot be written";
    /// JumpServer has no such user.
    UserMissing = "JG205", Severity::Error, "JumpServer has no such user";
    /// The user has another id than the one for whom access was made.
    UserMadeAnew = "JG206", Severity::Error, "a user is another one than before";
    /// The user is switched off or expired.
    UserDisabled = "JG207", Severity::Warning, "a user cannot log in";
    /// JumpServer has no such asset.
    AssetMissing = "JG208", Severity::Error, "JumpServer has no such asset";
    /// The asset is no host, or no database of this kind.
    AssetWrongKind = "JG209", Severity::Error, "an asset is of another kind";
    /// JumpServer has no such node.
    NodeMissing = "JG210", Severity::Error, "JumpServer has no such node";
    /// The asset lives under another entry's node with another environment.
    OtherEnvironment = "JG211", Severity::Error, "an asset belongs to another environment";
    /// The asset has none of the login's accounts: the permission opens nothing.
    LoginAccountMissing = "JG212", Severity::Warning, "an asset has no account for the login";
    /// Assets of the node speak none of the login's protocols.
    ProtocolMissing = "JG213", Severity::Warning, "assets speak none of the login's protocols";
    /// The database, table or column does not exist.
    ScopeMissing = "JG214", Severity::Error, "a database, table or column does not exist";
    /// The reader may not see whether it exists.
    ScopeNotChecked = "JG215", Severity::Notice, "whether something exists was not checked";
    /// An object of another hand has the name.
    InTheWay = "JG216", Severity::Error, "something that jumpgate did not make is in the way";
    /// It carries our label without our mark.
    Copy = "JG217", Severity::Warning, "a copy of an object of jumpgate's, or one edited by hand";
    /// Our mark stands there without our label.
    LabelStripped = "JG218", Severity::Warning, "a label was taken off";
    /// A foreign permission opens a database account of ours.
    ForeignOpens = "JG219", Severity::Error, "a foreign permission opens an account of ours";
    /// A foreign permission takes a database account of ours away.
    ForeignExcludes = "JG220", Severity::Warning,
        "a foreign permission excludes an account of ours";
    /// An account of the same user name stands at another host.
    LookAlike = "JG221", Severity::Risk, "an account of the same name at another host";
    /// Someone locked the account.
    Locked = "JG222", Severity::Warning, "an account is locked by another hand";
    /// The password, the account or its secret was changed by another hand.
    ChangedByHand = "JG223", Severity::Warning, "an account was changed by another hand";
    /// The account holds privileges that this version does not know.
    UnknownPrivilege = "JG224", Severity::Error, "an account holds privileges that are not known";
    /// Anonymous accounts, PUBLIC or mandatory roles give more to everybody.
    OpenToEverybody = "JG225", Severity::Warning, "a server gives something to everybody";
    /// The grant breaks policy: it gets nothing new.
    AgainstPolicy = "JG226", Severity::Error, "a merged request breaks policy";
    /// The node reaches what is added later.
    NodeReach = "JG227", Severity::Notice, "a node reaches everything below it";
    /// `account-host: %`.
    AnyHost = "JG228", Severity::Risk, "accounts work from any host";
    /// The connection to the server is not verified.
    WeakTls = "JG229", Severity::Risk, "the connection to a server is not verified";
    /// A level leaves definers behind.
    LeavesDefiners = "JG230", Severity::Risk, "a level leaves definers behind";
    /// Something of ours belongs to no instance of the inventory.
    Orphan = "JG231", Severity::Error, "something of ours belongs to no instance";
    /// Something the server itself has to say.
    ServerNotice = "JG232", Severity::Notice, "a word about a server";
    /// Someone switched the account off in JumpServer: it stays so.
    SwitchedOff = "JG233", Severity::Warning, "an object was switched off by another hand";
    /// Objects of ours are there, and the anchor is not.
    NoAnchor = "JG234", Severity::Error, "the anchor is gone";
    /// Nothing but a file tells that somebody approved an emergency.
    ApprovalOnWord = "JG235", Severity::Notice, "an approval afterwards that only a file tells of";
    /// Something that git names is missing, and something that it does not name is open.
    Renamed = "JG236", Severity::Warning, "a target was perhaps renamed";
    /// A permission of ours has the name of another one that is wanted.
    Misnamed = "JG237", Severity::Error, "a permission has the name of another";
    /// A pull request asks for more than the policy of its base allows.
    BeyondPolicy = "JG240", Severity::Error, "a request goes beyond policy";
    /// An instance that the base does not have.
    NewTarget = "JG241", Severity::Risk, "a target is new in the branch";
    /// The branch edits where or how a target is reached.
    TargetMoves = "JG242", Severity::Risk, "the branch edits how a target is reached";
    /// The branch's policy refuses what the base's allowed.
    HeldBack = "JG243", Severity::Warning, "a new policy refuses what was allowed";
    /// Several nodes have the path.
    NodeAmbiguous = "JG244", Severity::Error, "a path means several nodes";
    /// A user of ours whom only an administrator of JumpServer may change.
    Shielded = "JG245", Severity::Warning, "a user to change is an administrator of JumpServer";
    /// Sessions are open where access ends, or are left after it, as policy sets.
    OpenSessions = "JG250", Severity::Notice, "sessions are open where access ends";
    /// Sessions on an account whose password another hand changed.
    DirectLogin = "JG251", Severity::Warning, "somebody may have logged in past JumpServer";
    /// Sessions of an account that the server does not have any more.
    SessionsOutlive = "JG252", Severity::Warning, "sessions outlive their account";
    /// An emergency that no owner approved afterwards.
    EmergencyOpen = "JG253", Severity::Risk, "an emergency that no owner has approved yet";
    /// A pull request asks to be merged without the usual approvals, or approves such a merge.
    EmergencyAsked = "JG254", Severity::Risk, "an emergency in a pull request";
    /// A password that was to be renewed is left as it is.
    NotRenewed = "JG255", Severity::Error, "a password is not renewed";
    /// A new password interrupts logins on a server that keeps no old one beside it.
    Interruption = "JG256", Severity::Notice, "a login may fail while a password is renewed";
    /// A run that renewed a password was cut.
    RenewalCut = "JG257", Severity::Notice, "the renewal of a password was cut";
    /// The line that approves an emergency was merged against the rules.
    ApprovedAgainstRules = "JG258", Severity::Error, "an approval afterwards that does not count";
    /// Somebody merged the emergency that he asked for.
    OwnEmergency = "JG259", Severity::Warning, "somebody merged his own emergency";
    /// The pull request lacked approvals, or there was none.
    MergedAgainstRules = "JG260", Severity::Error, "a request was merged against the rules";
    /// Nobody can tell how the request was merged.
    MergeNotKnown = "JG261", Severity::Error, "how a request was merged is not known";
    /// What a request adopts is such that others would lose by it, or that it cannot be kept.
    NotAdopted = "JG262", Severity::Error, "what a request adopts cannot be adopted";
    /// Nothing has the name that a request adopts.
    NothingToAdopt = "JG263", Severity::Warning, "what a request adopts does not exist";
    /// What a request adopts stands beside what jumpgate made.
    AdoptedBeside = "JG264", Severity::Notice, "what a request adopts stands beside ours";
    /// Something that is to be released serves another request, too.
    NotReleased = "JG265", Severity::Error, "something is not released, since others need it";
    /// A branch adopts what exists.
    Adopts = "JG266", Severity::Notice, "a request adopts what exists";
    /// A branch gives back what a request has: its end in git ends nothing any more.
    Releases = "JG267", Severity::Risk, "a request gives back what it has";
    /// The server has no form for what is asked for.
    NotGrantable = "JG268", Severity::Error, "a server cannot take a grant";
    /// The printed grants do not let apply's login revoke something.
    BeyondLogin = "JG269", Severity::Warning, "a server may refuse to revoke something";
}

impl schemars::JsonSchema for Kind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FindingCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^JG2[0-9]{2}$" })
    }
}

impl Kind {
    /// Whether it is a request that was merged and must not have been.
    pub fn breaks_policy(self) -> bool {
        matches!(self, Self::AgainstPolicy | Self::MergedAgainstRules | Self::ApprovedAgainstRules)
    }
}

/// How bad a finding is, the worst first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something that git asks for is not done.
    Error,
    /// It is done, and a reviewer must know what it opens.
    Risk,
    /// It is done, but something is odd.
    Warning,
    /// Good to know.
    Notice,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Kind,
    /// What is the case, and what follows from it.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where in the access repo it comes from.
    pub site: Option<Site>,
    /// Whom it is about.
    pub person: Option<PersonName>,
    /// Whom else it is about, as when a team asks; there when there is somebody.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "Option<BTreeSet<PersonName>>")]
    pub others: BTreeSet<PersonName>,
}

impl Finding {
    /// A finding of a kind, with its usual severity.
    pub fn new(code: Kind, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            code,
            message: message.into(),
            help: None,
            site: None,
            person: None,
            others: BTreeSet::new(),
        }
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With where it comes from.
    #[must_use]
    pub fn at(mut self, site: &Site) -> Self {
        self.site = Some(site.clone());
        self
    }

    /// With whom it is about.
    #[must_use]
    pub fn about(mut self, person: &PersonName) -> Self {
        self.person = Some(person.clone());
        self
    }

    /// Says that it is about somebody else, too.
    pub fn also_about(&mut self, person: &PersonName) {
        if self.person.as_ref() != Some(person) {
            self.others.insert(person.clone());
        }
    }

    /// Whether it is for one of these people to know: what is about nobody is for everybody.
    pub fn concerns(&self, people: &BTreeSet<PersonName>) -> bool {
        self.person.as_ref().is_none_or(|person| people.contains(person))
            || !self.others.is_disjoint(people)
    }

    /// With another severity than usual.
    #[must_use]
    pub fn as_bad_as(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}
