//! Who merged an emergency, and how the line was merged that approves it afterwards.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Compared, Judge, Merged, Verdict, short};
use crate::access::model::{Access, Party, Provenance, Request};
use crate::approval::{self, Need, Pull, Subject};
use crate::names::{PersonName, RequestName};
use crate::plan::Unproven;
use crate::plan::finding::{Finding, Kind};
use crate::repo::{self, Step};

/// For how long after the end of an emergency its approval is looked at.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The address in `name <address>`.
fn address(who: &str) -> Option<&str> {
    who.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'))
}

/// Finds out how the lines were merged that approve emergencies afterwards.
pub(super) async fn settled(judge: &mut Judge<'_>, unproven: &mut Unproven) -> anyhow::Result<()> {
    let Merged { dir, commit, access, moment, .. } = *judge.merged;
    for (name, request, by) in approved(access, moment) {
        let path = BTreeSet::from([request.site.file.to_string()]);
        let (steps, mut verdict) = match &judge.line {
            Err(why) => (Vec::new(), Verdict::Unknown(why.clone())),
            Ok(line) => match repo::steps(dir, commit, line, path)? {
                (steps, true) => {
                    let why = "the history of this clone ends before it tells";
                    (steps, Verdict::Unknown(why.to_owned()))
                }
                (steps, false) => {
                    (steps, Verdict::Against("it was not approved after the merge".to_owned()))
                }
            },
        };
        for step in &steps {
            let Some(effect) = judge.effect(step) else {
                verdict = Verdict::Unknown(format!(
                    "the files before or at {} are invalid",
                    short(&step.commit)
                ));
                break;
            };
            if approval::brought(&effect).contains_key(name) {
                let why = format!("{} made it wider after that", short(&step.commit));
                verdict = Verdict::Against(why);
                break;
            }
            if effect.settled.get(name).is_some_and(|one| one.by.as_ref() == Some(by)) {
                verdict = judge.verdict(step).await;
                if judge.merged.wanted == Provenance::Git
                    && matches!(verdict, Verdict::Good)
                    && !judge.wrote(step, request, by)
                {
                    let why = "git tells of no approvals, and neither the commit with that line \
                               nor its merge was made by an address of theirs";
                    judge.findings.insert(on_its_word(request, by, why));
                }
                break;
            }
        }
        let why = match verdict {
            Verdict::Good => continue,
            Verdict::Against(why) | Verdict::Unknown(why) => why,
        };
        let text = format!("that {by} approved this emergency afterwards does not count: {why}");
        let finding = Finding::new(Kind::ApprovedAgainstRules, text).at(&request.site);
        unproven.entry(name.clone()).or_insert(finding);
    }
    Ok(())
}

/// The emergencies whose files name who approved them afterwards, as long as that is looked at.
fn approved(
    access: &Access,
    moment: Timestamp,
) -> impl Iterator<Item = (&RequestName, &Request, &PersonName)> {
    let lately = move |request: &Request| moment.duration_since(request.period.end()) < LOOKED_AT;
    access.requests.iter().filter(move |(_, request)| lately(request)).filter_map(
        |(name, request)| Some((name, request, request.emergency.as_ref()?.approved.as_ref()?)),
    )
}

/// Whether there is an emergency whose file names who approved it afterwards.
pub(super) fn is_any_approved(merged: &Merged<'_>) -> bool {
    approved(merged.access, merged.moment).next().is_some()
}

/// What is told of approvals where nobody looks at how anything was merged.
pub(super) fn unchecked(merged: &Merged<'_>) -> BTreeSet<Finding> {
    let why = "`provenance` is off, so nobody looked at how that line was merged";
    let all = approved(merged.access, merged.moment);
    all.map(|(_, request, by)| on_its_word(request, by, why)).collect()
}

/// Says that only a file tells of an approval.
fn on_its_word(request: &Request, by: &PersonName, why: &str) -> Finding {
    let text =
        format!("that {by} approved this emergency afterwards is its file's word alone: {why}");
    let finding = Finding::new(Kind::ApprovalOnWord, text).at(&request.site);
    finding.help("`provenance: forge` in policy.yaml asks the forge for the approval")
}

/// Whether a step brings an emergency.
pub(super) fn is_emergency(needs: &[Need]) -> bool {
    needs.iter().any(|need| need.subject == Subject::Emergency)
}

impl Judge<'_> {
    /// Whether somebody wrote the line that a step brought, or merged it, as git tells.
    fn wrote(&self, step: &Step, request: &Request, by: &PersonName) -> bool {
        let Merged { dir, access, .. } = *self.merged;
        let email = access.people.get(by).and_then(|person| person.email.as_deref());
        let is_his = |who: &str| {
            address(who).zip(email).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let origin = repo::origin(dir, &step.commit, &request.site.file).ok().flatten();
        is_his(&step.author)
            || is_his(&step.committer)
            || origin.is_some_and(|origin| is_his(&origin.author))
    }

    /// Who merged an emergency, as git tells: whoever wrote the merge, or made a commit of what
    /// was squashed, rebased or pushed.
    pub(super) fn merged_here(&mut self, step: &Step, compared: &Compared) -> Verdict {
        let others = compared.needs.iter().any(|need| need.count > 0);
        if others && step.merged.is_none() && step.pull_request.is_none() {
            return Verdict::Against(format!(
                "{} pushed commit {} past a pull request, and it brings more than an emergency",
                step.author,
                short(&step.commit)
            ));
        }
        let who = if step.merged.is_some() { &step.author } else { &step.committer };
        let address = address(who);
        let mut people = compared.base.access.people.iter();
        let person = people.find(|(_, person)| {
            person.email.as_deref().zip(address).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
        });
        let Some((name, person)) = person else {
            return Verdict::Unknown(format!(
                "commit {} was made by {who}, who is nobody of people/ by that address, so git \
                 does not tell who merged this emergency",
                short(&step.commit)
            ));
        };
        // Git knows people; the forge's groups and logins only where a file names them.
        let login = person.forge.clone().unwrap_or_default();
        self.merger(compared, &Pull::default(), (&login, Some(name)))
    }

    /// Whether whoever merged an emergency may do so.
    pub(super) fn merger(
        &mut self,
        compared: &Compared,
        pull: &Pull,
        (login, name): (&str, Option<&PersonName>),
    ) -> Verdict {
        let is_emergency = |need: &&Need| need.subject == Subject::Emergency;
        for need in compared.needs.iter().filter(is_emergency) {
            let by_name = name.is_some_and(|name| {
                need.of.iter().any(|party| match party {
                    Party::Person(one) => one == name,
                    Party::Team(team) => {
                        let team = compared.base.access.teams.get(team);
                        team.is_some_and(|team| team.members.contains(name))
                    }
                    Party::Group(_) => false,
                })
            });
            if !by_name && !approval::is_one_of(&compared.base.access, pull, login, &need.of) {
                let who = name.map_or(login, AsRef::as_ref);
                return Verdict::Against(format!("{who} merged it, and it needs {need}"));
            }
        }
        let known = compared.base.access.people.iter().find(|(_, person)| {
            person.forge.as_ref().is_some_and(|forge| forge.eq_ignore_ascii_case(login))
        });
        let name = name.or(known.map(|(name, _)| name));
        let moment = pull.merged.unwrap_or(self.merged.moment);
        let person = name.and_then(|name| compared.base.access.people.get(name));
        if let (Some(name), true) = (name, person.is_some_and(|person| person.has_left(moment))) {
            return Verdict::Against(format!("{name} merged it, and has left"));
        }
        if let Some(name) = name
            && approval::gainers(&compared.effect).contains(name)
        {
            for request in &compared.effect.emergencies {
                let text = format!(
                    "{name} merged this emergency and gets something by it: somebody else has to \
                     approve it afterwards"
                );
                let finding = Finding::new(Kind::OwnEmergency, text).about(name);
                self.findings.insert(match self.merged.access.requests.get(request) {
                    Some(file) => finding.at(&file.site),
                    None => finding,
                });
            }
        }
        Verdict::Good
    }
}
