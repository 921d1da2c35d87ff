//! Taking over an account that stands on both sides, as it is: the same password, the same
//! grants.
//!
//! The mark in JumpServer is what makes it ours, with a generation of its own and the server's
//! time of the password that stands; the words in the server's ATTRIBUTE come after it, as
//! they say nothing by themselves. Where the instance has more than one asset, its own comes
//! last: until then the next run begins anew, and nothing else is done to the account.

use super::{Seen, Step, Way, Whose, whose};
use crate::jumpserver::spec::SeenAssetAccount;
use crate::mysql::spec::{Held, SeenAccount, is_password_plugin};
use crate::names::Owner;

/// Why an account is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The server has no such account.
    #[error("the server does not have it")]
    NotOnServer,
    /// It is a role.
    #[error("it is a role")]
    Role,
    /// Somebody locked it.
    #[error("it is locked, which somebody decided")]
    Locked,
    /// It logs in without a password, or by other means than one.
    #[error("it does not log in with a password that the server holds ({0})")]
    NoPassword(String),
    /// It has two passwords.
    #[error(
        "it has an old password beside the present one, and nobody can say which JumpServer has"
    )]
    TwoPasswords,
    /// The words in its ATTRIBUTE are another repo's.
    #[error("its ATTRIBUTE says that it is of jumpgate's owner {0}")]
    OtherOwner(String),
    /// It holds what jumpgate never grants, so that it could not be kept.
    #[error("it holds what no level can give: {0}")]
    Beyond(String),
    /// An asset has no account of its name.
    #[error(
        "asset {0} has no account of this name in JumpServer, and nobody can read its password \
         from elsewhere"
    )]
    NotOnAsset(String),
    /// The account in JumpServer holds no password.
    #[error("the account on asset {0} in JumpServer holds no password")]
    NoSecret(String),
    /// The account in JumpServer is another owner's, or a copy.
    #[error("the account on asset {0} in JumpServer carries a mark or a label of jumpgate's")]
    Marked(String),
}

/// The way to an account that is taken over; none when it is ours already, or when nothing of
/// its name stands on either side, so that there is nothing to take over.
///
/// # Errors
/// [`Unfit`] when it cannot be taken over as it is.
pub fn adoption(owner: &Owner, seen: &Seen<'_>, attribute: bool) -> Result<Option<Way>, Unfit> {
    let own = seen.assets.first().and_then(|(asset, account)| Some((*asset, (*account)?)));
    if own.is_some_and(|(asset, own)| matches!(whose(owner, asset, Some(own)), Ok(Whose::Ours(..))))
    {
        return Ok(None);
    }
    let standing = seen.assets.iter().any(|(_, account)| account.is_some());
    let Some(server) = seen.server else {
        return if standing { Err(Unfit::NotOnServer) } else { Ok(None) };
    };
    fits(owner, server)?;
    let mut way = Way::default();
    for (asset, account) in seen.assets.iter().rev() {
        let Some(account) = account else { return Err(Unfit::NotOnAsset((*asset).to_owned())) };
        holds_secret(owner, asset, account)?;
        super::note_asset(&mut way.notes, asset, account);
        way.steps.push(Step::Adopt { asset: (*asset).to_owned(), account: account.id });
    }
    // That our label is not there yet is no news.
    way.notes.retain(|note| !matches!(note, super::Note::LabelStripped { .. }));
    if let Some((_, own)) = own.filter(|_| attribute) {
        way.steps.push(Step::WriteEvidence { account: own.id });
    }
    way.steps.push(Step::Grants);
    Ok(Some(way))
}

fn holds_secret(owner: &Owner, asset: &str, account: &SeenAssetAccount) -> Result<(), Unfit> {
    match whose(owner, asset, Some(account)) {
        // Of a run that was cut between two assets.
        Ok(Whose::Ours(..)) => return Ok(()),
        _ if account.labelled || account.mark.is_some() => {
            return Err(Unfit::Marked(asset.to_owned()));
        }
        _ => {}
    }
    let secret = account.secret_type == "password" && account.has_secret == Some(true);
    if secret { Ok(()) } else { Err(Unfit::NoSecret(asset.to_owned())) }
}

/// Whether what stands on the server can be ours as it is.
fn fits(owner: &Owner, server: &SeenAccount) -> Result<(), Unfit> {
    let other = server.evidence.as_ref().filter(|evidence| evidence.owner != owner.as_str());
    if server.is_role {
        Err(Unfit::Role)
    } else if let Some(other) = other {
        Err(Unfit::OtherOwner(other.owner.clone()))
    } else if server.locked {
        Err(Unfit::Locked)
    } else if server.no_password || !is_password_plugin(&server.plugin) {
        Err(Unfit::NoPassword(server.plugin.clone()))
    } else if server.old_password {
        Err(Unfit::TwoPasswords)
    } else {
        match beyond(&server.held).as_slice() {
            [] => Ok(()),
            words => Err(Unfit::Beyond(words.join(", "))),
        }
    }
}

/// What an account holds that jumpgate grants to nobody.
fn beyond(held: &Held) -> Vec<String> {
    let global = held.global.iter().map(|privilege| format!("{privilege} on *.*"));
    let roles = held.roles.keys().map(|role| format!("the role {role}"));
    let proxies = held.proxies.iter().map(|account| format!("PROXY on {account}"));
    let routines = held.routines.keys().map(|routine| {
        format!("rights on {} {}.{}", routine.kind.to_lowercase(), routine.database, routine.name)
    });
    global.chain(roles).chain(proxies).chain(routines).collect()
}
