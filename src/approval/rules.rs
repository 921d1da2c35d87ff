//! Edits of what judges later pull requests: they need approvals of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::need::Inputs;
use crate::access::model::{Access, Party};
use crate::names::TeamName;

/// An edit of a rule.
pub(super) struct Edit {
    /// The file.
    pub(super) file: String,
    /// How many people must approve it.
    pub(super) count: u32,
    /// Of whom; empty is everybody in `people/`.
    pub(super) of: BTreeSet<Party>,
}

/// One thing that the rules of a state say, and those of another do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// The file.
    pub file: String,
    /// What it says, or says no more. It is compared, and shown to nobody.
    pub what: String,
}

/// What two states say otherwise of the rules.
#[derive(Debug, Default)]
pub struct Differs {
    /// All of it.
    pub said: BTreeSet<Said>,
    /// What of it is an edit for which the base asks for approvals.
    pub edited: BTreeSet<Said>,
}

/// What the rules of the head and of the base say otherwise.
pub fn differs(inputs: &Inputs<'_>) -> Differs {
    let files: BTreeSet<String> = edits(inputs).into_iter().map(|edit| edit.file).collect();
    let said = said(inputs);
    let edited = said.iter().filter(|one| files.contains(&one.file)).cloned().collect();
    Differs { said, edited }
}

/// What the head says and the base does not, and the other way round: settings, and members of
/// teams. Of what is numbered the number is left out, as others move when one comes.
fn said(inputs: &Inputs<'_>) -> BTreeSet<Said> {
    let Inputs { base, head, effect, .. } = *inputs;
    let mut said = BTreeSet::new();
    let mut say = |file: &str, what: String| {
        said.insert(Said { file: file.to_owned(), what });
    };
    let mut numbered: BTreeMap<&str, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for setting in &effect.settings {
        let (file, name) = (setting.file.as_str(), setting.name.as_str());
        if number(name).is_some() {
            let [before, after] = numbered.entry(file).or_default();
            before.extend(setting.before.as_deref());
            after.extend(setting.after.as_deref());
        } else {
            say(file, format!("{name}: {:?}", setting.after));
        }
    }
    for (file, [before, after]) in numbered {
        after.difference(&before).for_each(|text| say(file, format!("with {text}")));
        before.difference(&after).for_each(|text| say(file, format!("without {text}")));
    }
    for (name, team) in &head.teams {
        let before = base.teams.get(name).map(|team| &team.members);
        let new = team.members.iter().filter(|one| before.is_none_or(|all| !all.contains(*one)));
        new.for_each(|one| say(&file_of(name), format!("member {one}")));
    }
    said
}

/// The number of a setting that has one in place of a name, such as `limit 2`.
fn number(name: &str) -> Option<usize> {
    ["entry ", "limit "].iter().find_map(|word| name.strip_prefix(word)?.parse().ok())
}

/// The file of a team, by its usual name.
fn file_of(team: &TeamName) -> String {
    format!("teams/{team}.yaml")
}

/// The files that are rules and nothing else, without the end of their names. Who is told what
/// of everybody's access is a rule, too.
pub(super) const SETTINGS: [&str; 3] = ["jumpgate", "policy", "notify"];

/// Where forges look for their own rules: who owns code, and what CI runs.
pub(super) const FOLDERS: [&str; 6] =
    [".github/", ".gitlab/", ".gitea/", ".forgejo/", ".gitee/", ".workflow/"];
/// Files of the same kind.
pub(super) const FILES: [&str; 3] = ["CODEOWNERS", "docs/CODEOWNERS", ".gitlab-ci.yml"];

/// Whether a path from the root of the repository is a rule of the forge or of CI.
pub fn is_rule_file(path: &str) -> bool {
    FILES.contains(&path) || FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// The edits of rules in the branch. With edited rules everything could be asked for, so each
/// needs as many approvals as the strictest limit of the base asks for anything; one when the
/// rules have owners and no limit asks; none when nobody ever has to approve.
pub(super) fn edits(inputs: &Inputs<'_>) -> Vec<Edit> {
    let Inputs { base, effect, paths, .. } = *inputs;
    let policy = &base.policy;
    let limits = policy.limits.iter().filter_map(|limit| limit.approvals);
    let strictest = limits.max().unwrap_or(0).max(u32::from(!policy.owners.is_empty()));
    if strictest == 0 {
        return Vec::new();
    }
    let mut edits = Vec::new();
    // The owners of the rules approve; where there are none, those of the edited target.
    let mut edit = |file: &str, count: u32, target: &[Party]| {
        let of = if policy.owners.is_empty() { target } else { &policy.owners };
        edits.push(Edit { file: file.to_owned(), count, of: of.iter().cloned().collect() });
    };
    for setting in &effect.settings {
        let file = setting.file.as_str();
        if is_settings(file) {
            edit(file, strictest, &[]);
        } else if file.starts_with("inventory/") {
            edit(file, strictest, target(base, file, &setting.name));
        }
    }
    people(inputs, strictest, &mut edit);
    for (name, owned) in owner_teams(base) {
        let members = |access: &Access| access.teams.get(name).map(|team| team.members.clone());
        let (old, new) = (members(base), members(inputs.head).unwrap_or_default());
        if !new.is_subset(&old.unwrap_or_default()) {
            edit(&file_of(name), strictest, owned);
        }
    }
    for path in paths.iter().filter(|path| is_rule_file(path)) {
        edit(path, strictest, &[]);
    }
    edits
}

fn is_settings(file: &str) -> bool {
    SETTINGS.contains(&file.rsplit_once('.').map_or(file, |(stem, _)| stem))
}

/// The owners that the base names for what a setting of the inventory is about.
fn target<'a>(base: &'a Access, file: &str, name: &str) -> &'a [Party] {
    if let Some(instance) = base.instances.values().find(|one| &*one.site.file == file) {
        return &instance.owners;
    }
    let entry = number(name).and_then(|number| base.servers.get(number.checked_sub(1)?));
    entry.map_or(&[], |entry| &entry.owners)
}

/// Who somebody is: a name at the forge is the right to approve, a user of JumpServer is the
/// one who gets in. An address is both: git tells by it who merged an emergency, and whoever
/// reads its mail can have a user of JumpServer set a new password.
fn people(inputs: &Inputs<'_>, strictest: u32, edit: &mut impl FnMut(&str, u32, &[Party])) {
    let Inputs { base, head, .. } = *inputs;
    for (name, person) in &head.people {
        match base.people.get(name) {
            Some(old) => {
                let user = (&old.jumpserver, old.jumpserver_id);
                // Without a name or an address nobody knows any more what he wrote or gets.
                let named = person.forge != old.forge;
                let reached = person.email != old.email;
                if named || reached || user != (&person.jumpserver, person.jumpserver_id) {
                    edit(&person.site.file, strictest, &[]);
                }
            }
            // Where nobody is named to approve, everybody in people/ may: one more approver.
            None if person.forge.is_some() && base.policy.owners.is_empty() => {
                edit(&person.site.file, 1, &[]);
            }
            None => {}
        }
    }
}

/// The teams that own something or may merge an emergency, each with the owners or mergers
/// beside it.
fn owner_teams(base: &Access) -> Vec<(&TeamName, &[Party])> {
    let instances = base.instances.values().map(|instance| &instance.owners);
    let servers = base.servers.iter().map(|entry| &entry.owners);
    let mergers = base.policy.emergency.iter().map(|rule| &rule.mergers);
    let lists = instances.chain(servers).chain(mergers).chain([&base.policy.owners]);
    let teams = lists.flat_map(|list| {
        list.iter().filter_map(move |party| match party {
            Party::Team(team) => Some((team, &list[..])),
            Party::Person(_) | Party::Group(_) => None,
        })
    });
    teams.collect()
}
