//! What the forge says of how something was merged.

use super::{Compared, Judge, Verdict, emergency, short};
use crate::approval;
use crate::cli::approvals;
use crate::forge::{self, Found, Kind, Place, Summary};
use crate::repo::{self, Step};

impl Judge<'_> {
    /// What the forge says of a step.
    pub(super) async fn asked(
        &mut self,
        step: &Step,
        before: String,
        needed: &str,
    ) -> Result<Verdict, String> {
        let commit = short(&step.commit);
        let Some(summary) = self.pull_of(&step.commit, step.pull_request.as_deref()).await? else {
            return Ok(Verdict::Against(format!(
                "no merged pull request brought commit {commit} of {}, and it needs {needed}",
                step.author
            )));
        };
        let number = summary.number;
        if let Some(branch) = self.branch.as_ref().filter(|branch| **branch != summary.base) {
            return Ok(Verdict::Against(format!(
                "#{number} went into {} and not into {branch}, and it needs {needed}",
                summary.base
            )));
        }
        // A branch that took its base in holds merges of its own.
        let inside = repo::descent(self.merged.dir, &summary.head, &step.commit);
        let inside = matches!(inside, Ok(repo::Descent::Descends));
        if let Some(merged) = step.merged.as_ref().filter(|_| !inside) {
            let clean = repo::is_clean_merge(self.merged.dir, &step.commit);
            let clean = clean.map_err(|error| error.to_string())?;
            let theirs = *merged == summary.head || Some(merged) == summary.squash.as_ref();
            if !theirs || !clean {
                return Ok(Verdict::Against(format!(
                    "the merge {commit} holds something else than #{number}, and it needs {needed}"
                )));
            }
        }
        // A rebase makes several commits of one pull request: they were approved together.
        let (mut from, mut to) = (before, step.commit.clone());
        if step.merged.is_none() || inside {
            loop {
                match self.pull_of(&from, None).await? {
                    Some(other) if other.number == number => {}
                    _ => break,
                }
                let line = self.line.clone()?;
                let earlier = line.before(self.merged.dir, &from);
                match earlier.map_err(|error| error.to_string())? {
                    Some(earlier) => from = earlier,
                    None => break,
                }
            }
            let last = summary.merge.clone().filter(|last| {
                let known = repo::descent(self.merged.dir, self.merged.commit, last);
                matches!(known, Ok(repo::Descent::Descends))
            });
            to = last.unwrap_or(to);
        }
        let Some(compared) = self.compared(&from, &to) else {
            return Err(format!("the files before or at {commit} are invalid"));
        };
        let Compared { base, effect, needs, .. } = compared.clone();
        let base = &base.access;
        let groups = approvals::groups(&needs, &base.policy.owners);
        let (place, client) = self.forge.as_ref().map_err(Clone::clone)?;
        let place = Place { number, ..place.clone() };
        let api = place.forge().map_err(|error| error.to_string())?;
        let dir = self.merged.dir;
        let adds_nothing = |commit: &str| repo::is_clean_merge(dir, commit).ok();
        let found = forge::read(client, api.as_ref(), &groups, &adds_nothing).await;
        let Found { pull, summary } = found.map_err(|error| error.to_string())?;
        if emergency::is_emergency(&needs) {
            let Some(login) = &summary.merged_by else {
                let why = format!("the forge does not tell who merged #{number}, an emergency");
                return Err(why);
            };
            match self.merger(&compared, &pull, (login, None)) {
                Verdict::Good => {}
                bad => return Ok(bad),
            }
        }
        let moment = pull.merged.unwrap_or(self.merged.moment);
        let gainers = approval::gainers(&effect);
        let verdict = approval::judge(base, needs, &gainers, &pull, moment);
        Ok(match verdict.missing() {
            None => Verdict::Good,
            Some(missing) if !pull.unread.is_empty() => Verdict::Unknown(format!(
                "#{number} was merged without {missing}, unless who merged the base into its branch \
                 wrote nothing: the merge {} is not in this clone (fetch the branch, or \
                 refs/pull/{number}/head)",
                short(&pull.unread[0])
            )),
            Some(missing) if place.kind == Kind::Gitee => Verdict::Unknown(format!(
                "Gitee does not tell which state of a branch was approved, so nobody knows whether \
                 #{number} had {missing}"
            )),
            Some(missing) => Verdict::Against(format!("#{number} was merged without {missing}")),
        })
    }

    /// The merged pull request that brought a commit; `named` is what its message names.
    async fn pull_of(
        &mut self,
        commit: &str,
        named: Option<&str>,
    ) -> Result<Option<Summary>, String> {
        let key = (commit.to_owned(), named.map(str::to_owned));
        if let Some(known) = self.pulls.get(&key) {
            return known.clone();
        }
        let (place, client) = self.forge.as_ref().map_err(Clone::clone)?;
        let told = forge::brought(client, place, commit, named, self.branch.as_deref()).await;
        let found = told.map_err(|error| error.to_string());
        self.pulls.insert(key, found.clone());
        found
    }
}
