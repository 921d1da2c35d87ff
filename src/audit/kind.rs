//! What can be wrong with a door: each kind with its code and why it matters.

use crate::kinds::kinds;

kinds! {
    /// What can be wrong with a door. Its code never changes its meaning.
    Kind {
        /// The code, such as `JG301`.
        code;
        /// It in a few words.
        title: &'static str;
        /// Why it matters, in one sentence.
        why: &'static str;
    }
    /// A permission that git does not know.
    Permission = "JG300", "a permission that git does not know",
        "nobody approved it in git, and nothing ends it";
    /// It opens every account.
    AllAccounts = "JG301", "a permission that opens every account",
        "@ALL also opens accounts that are added later, root and other people's among them";
    /// It opens accounts that JumpServer does not hold.
    AnyAccount = "JG302", "a permission for accounts that JumpServer does not hold",
        "@INPUT, @USER and @ANON let people in with passwords that nobody here manages";
    /// It has no end.
    NoEnd = "JG303", "a permission without an end",
        "what has no end stays when its reason is gone";
    /// It allows every action.
    AllActions = "JG304", "a permission for all actions",
        "files can be carried off, deleted and shared, which few reasons need";
    /// It names a node.
    WholeNode = "JG305", "a permission on a whole node",
        "whatever is added below the node later is open at once";
    /// It opens personal database accounts that jumpgate made.
    OpensOurs = "JG306", "a permission that opens personal database accounts",
        "its people can work in the name of somebody else";
    /// It carries our label, and is not ours.
    Copy = "JG307", "a permission that looks like one of git",
        "a copy, or one edited by hand, passes for approved";
    /// A database account that git does not know.
    Account = "JG310", "a database account that git does not know",
        "nobody approved it in git, and nothing ends it";
    /// It holds global privileges.
    Global = "JG311", "an account with global privileges",
        "they reach every database, and some of them the server itself";
    /// It holds rows whose names are patterns.
    Pattern = "JG312", "grants on a pattern of databases",
        "`_` and `%` also match databases that nobody meant, and those made later";
    /// It may hand on what it holds.
    GrantOption = "JG313", "an account that may hand on its privileges",
        "it makes more doors, and none of them comes through git";
    /// It has roles.
    Roles = "JG314", "an account with roles",
        "what it may do changes when a role does, and its own grants do not show it";
    /// An account without a user name.
    Anonymous = "JG315", "an anonymous account",
        "anybody who reaches the server is let in, and its grants on databases work for every account";
    /// An account without a password.
    NoPassword = "JG316", "an account without a password",
        "anybody who knows its name is let in";
    /// An account for any host.
    AnyHost = "JG317", "an account that works from any host",
        "it also works past JumpServer, where nothing is recorded";
    /// An authentication plugin that should not be used any more.
    OldPlugin = "JG318", "an account with an outdated authentication plugin",
        "newer servers refuse it, and the hashes of the oldest are quick to guess";
    /// An old password that still works.
    OldPassword = "JG319", "an account whose old password still works",
        "a change of the password has not locked out who knew the old one";
    /// It may act as another account.
    Proxy = "JG320", "an account that may act as another",
        "it has that account's privileges without having them granted";
    /// The same user name at another host.
    SameName = "JG321", "accounts of one name at several hosts",
        "which one a login gets depends on its address, and each has its own password and grants";
    /// Grants on what does not exist.
    Gone = "JG322", "grants on something that does not exist",
        "they come back to life when somebody makes a thing of that name";
    /// Grants under a name without an account.
    Leftover = "JG323", "grants left behind by an account that is gone",
        "an account that comes back under that name, as from a dump, holds them at once";
    /// Objects that use the rights of an account that is gone.
    DeadDefiner = "JG324", "objects whose definer is gone",
        "they fail, and whoever makes an account of that name decides what they may do";
    /// Something that everybody holds.
    Everybody = "JG325", "privileges that everybody holds",
        "no account's own grants show them";
    /// A row that hides another row.
    Hidden = "JG326", "a grant that hides another one",
        "on its database the wider grant does not count: taking the narrower one away gives more";
    /// The user of somebody who left can log in.
    Left = "JG330", "somebody who left can still log in",
        "the files say that this person is gone, and JumpServer lets him in";
    /// A user without a people file reaches targets of the repo.
    Stranger = "JG331", "a user whom git does not know",
        "nobody in git answers for what he may reach";
    /// A user who never logged in.
    NeverUsed = "JG332", "a user who never logged in",
        "a first password that nobody changed opens it, and its owner would not notice";
    /// A user who has not logged in for long.
    Unused = "JG333", "a user who has not logged in for long",
        "who does not need it does not notice when somebody else uses it";
    /// A user who administers JumpServer.
    Administrator = "JG334", "an administrator of JumpServer",
        "administrators can open every target, and give themselves whatever is missing";
    /// An account on an asset that several people use.
    Shared = "JG340", "an account that several people share",
        "the target cannot tell who did what";
    /// A secret that nobody changes.
    StaleSecret = "JG341", "a secret that nobody changes",
        "everybody who ever knew it still does";
}

impl schemars::JsonSchema for Kind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DoorCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^JG3[0-4][0-9]$" })
    }
}
