//! Who merged an emergency, and how the line was merged that approves it afterwards.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Compared, Judge, Merged, Verdict, short};
use crate::access::model::Party;
use crate::approval::{self, Need, Pull, Subject};
use crate::names::PersonName;
use crate::plan::Unproven;
use crate::plan::finding::{Finding, Kind};
use crate::repo::{self, Step};

/// For how long after the end of an emergency its approval is looked at.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Finds out how the lines were merged that approve emergencies afterwards.
pub(super) async fn settled(judge: &mut Judge<'_>, unproven: &mut Unproven) -> anyhow::Result<()> {
    let Merged { dir, commit, access, moment, .. } = *judge.merged;
    for (name, request) in &access.requests {
        let approved = request.emergency.as_ref().and_then(|one| one.approved.as_ref());
        let (Some(by), true) = (approved, request.period.end() + LOOKED_AT > moment) else {
            continue;
        };
        let path = BTreeSet::from([request.site.file.to_string()]);
        let (steps, cut_off) = repo::steps(dir, commit, &path)?;
        let mut verdict = match cut_off {
            true => Verdict::Unknown("the history of this clone ends before it tells".to_owned()),
            false => Verdict::Against("it was not approved after the merge".to_owned()),
        };
        for (place, step) in steps.iter().enumerate() {
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
                verdict = judge.verdict(&steps, place).await;
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

/// Whether a step brings an emergency.
pub(super) fn is_emergency(needs: &[Need]) -> bool {
    needs.iter().any(|need| need.subject == Subject::Emergency)
}

impl Judge<'_> {
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
        let address = who.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
        let mut people = compared.base.people.iter();
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
                        let team = compared.base.teams.get(team);
                        team.is_some_and(|team| team.members.contains(name))
                    }
                    Party::Group(_) => false,
                })
            });
            if !by_name && !approval::is_one_of(&compared.base, pull, login, &need.of) {
                let who = name.map_or(login, AsRef::as_ref);
                return Verdict::Against(format!("{who} merged it, and it needs {need}"));
            }
        }
        let known = compared.base.people.iter().find(|(_, person)| {
            person.forge.as_ref().is_some_and(|forge| forge.eq_ignore_ascii_case(login))
        });
        let name = name.or(known.map(|(name, _)| name));
        let moment = pull.merged.unwrap_or(self.merged.moment);
        let left = name.and_then(|name| compared.base.people.get(name)?.left.as_ref());
        if let (Some(name), true) = (name, left.is_some_and(|left| left.at <= moment)) {
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
