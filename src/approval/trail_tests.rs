//! Which step of a history brought what a request gives at its end.

use std::collections::BTreeSet;

use super::{Between, Trail};
use crate::access::model::Access;
use crate::effect::tests::{load, noon, tree};
use crate::effect::{self, Inputs};
use crate::grants;
use crate::repo::Tree;

type Files<'a> = &'a [(&'a str, &'a str)];

const ONE: &str = "requests/PAY-1.yaml";
const NEW: &str = "requests/new.yaml";
const OTHER: &str = "requests/2026/other.yaml";

fn request(until: &str, tables: &str) -> String {
    format!(
        "for: fanlichun\nreason: logs\nuntil: {until}\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables: [{tables}]\n"
    )
}

/// The steps that brought what `asked` gives in the last state, the newest first: `2 new` is
/// the step from the second state to the third. The last word tells what the beginning gave.
fn found(asked: &str, states: &[Files<'_>]) -> Vec<String> {
    let trees: Vec<Tree> = states.iter().map(|files| tree(files)).collect();
    let all: Vec<Access> = trees.iter().map(load).collect();
    let last = all.last().expect("a state");
    let name = asked.parse().expect("a name");
    let requests = BTreeSet::from([&name]);
    let mut trail = Trail::new(last, &grants::of(last), &requests, noon());
    let mut found = Vec::new();
    for number in (1..all.len()).rev() {
        let (base, head) = (&all[number - 1], &all[number]);
        let (base_tree, head_tree) = (&trees[number - 1], &trees[number]);
        let moment = noon();
        let effect = effect::compare(&Inputs { base, base_tree, head, head_tree, moment });
        let step = Between { base, head, effect: &effect, moment };
        found.extend(trail.brought_by(&step).iter().map(|name| format!("{number} {name}")));
        found.extend(trail.back(&step).iter().map(|name| format!("{number} lost {name}")));
    }
    found.extend(trail.leave_all().iter().map(|name| format!("beginning {name}")));
    found
}

#[test]
fn what_moves_is_copied_or_split_was_brought_by_who_wrote_it_first() {
    let asked = request("2027-01-31", "a.b, a.c");
    let (shorter, half) = (request("2027-01-30", "a.b, a.c"), request("2027-01-31", "a.c"));
    let gone = (NEW, "");
    for (edit, name) in [
        ([gone, (OTHER, asked.as_str())], "2026/other"),
        ([gone, (OTHER, shorter.as_str())], "2026/other"),
        ([(NEW, asked.as_str()), (OTHER, asked.as_str())], "2026/other"),
        ([(NEW, asked.as_str()), (OTHER, shorter.as_str())], "2026/other"),
        ([(NEW, half.as_str()), (OTHER, asked.as_str())], "2026/other"),
        ([(NEW, asked.as_str()), (OTHER, half.as_str())], "new"),
    ] {
        let remark = [edit[0], edit[1], ("people/liwei.yaml", "name: 李伟伟\n")];
        let all: [Files<'_>; 4] = [&[], &[(NEW, asked.as_str())], &edit, &remark];
        assert_eq!(found(name, &all), [format!("1 {name}")], "{edit:?}");
    }
}

#[test]
fn two_that_become_one_were_brought_by_both_steps() {
    let (one, two) = (request("2027-01-31", "a.b"), request("2027-01-31", "a.c"));
    let both = request("2027-01-31", "a.b, a.c");
    let all: [Files<'_>; 4] =
        [&[], &[(NEW, &one)], &[(NEW, &one), ("requests/two.yaml", &two)], &[(OTHER, &both)]];
    assert_eq!(found("2026/other", &all), ["2 2026/other", "1 2026/other"]);
    // What lasts longer than either is new.
    let longer = request("2027-02-15", "a.b, a.c");
    let all = [all[0], all[1], all[2], &[(OTHER, longer.as_str())]];
    assert_eq!(found("2026/other", &all), ["3 2026/other"]);
}

/// A request that is covered by another while it grows brings nothing: who brought the other?
#[test]
fn what_grew_under_the_cover_of_another_was_brought_by_the_other() {
    let (short, long) = (request("2026-12-31", "a.b"), request("2027-02-15", "a.b"));
    let cover = ("requests/cover.yaml", long.as_str());
    let all: [Files<'_>; 5] =
        [&[], &[(NEW, &short)], &[(NEW, &short), cover], &[(NEW, &long), cover], &[(NEW, &long)]];
    assert_eq!(found("new", &all), ["2 new"]);
    // A team that covers him, too.
    let team = long.replace("for: fanlichun", "for: team/payments");
    let joined = ("teams/payments.yaml", "members: [liwei, fanlichun]\n");
    let cover = ("requests/cover.yaml", team.as_str());
    let all: [Files<'_>; 5] = [
        &[(NEW, &short)],
        &[(NEW, &short), cover],
        &[(NEW, &short), cover, joined],
        &[(NEW, &long), cover, joined],
        &[(NEW, &long)],
    ];
    assert_eq!(found("new", &all), ["2 new"]);
}

#[test]
fn what_the_policy_refused_is_brought_by_the_edit_that_makes_it_pass() {
    let policy = (
        "policy.yaml",
        "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, approvals: 2, longest: 90d }\n",
    );
    let asked = request("2027-01-15", "a.b");
    let endless = asked.replace("until: 2027-01-15\n", "");
    let all: [Files<'_>; 3] = [&[policy], &[policy, (NEW, &endless)], &[policy, (OTHER, &asked)]];
    assert_eq!(found("2026/other", &all), ["2 2026/other"]);
}

#[test]
fn what_the_beginning_gives_comes_from_no_step() {
    let moved = request("2027-01-31", "billing.invoices");
    let all: [Files<'_>; 3] = [&[], &[], &[(ONE, ""), (OTHER, &moved)]];
    assert_eq!(found("2026/other", &all), ["beginning 2026/other"]);
}

#[test]
fn what_is_adopted_and_given_back_goes_with_its_own_request() {
    let asked = request("2027-01-31", "a.b");
    let released = format!("{asked}release: true\n");
    // Another one of the same person gives back, too: that says nothing of this one.
    let other = request("2027-01-31", "a.c") + "release: true\n";
    let all: [Files<'_>; 5] = [
        &[],
        &[(NEW, &asked)],
        &[(NEW, &released)],
        &[(NEW, &released), ("requests/two.yaml", &other)],
        &[(NEW, ""), (OTHER, &released), ("requests/two.yaml", &other)],
    ];
    assert_eq!(found("2026/other", &all), ["2 2026/other"]);
    // Who joins a team later changes nothing about that.
    let team = released.replace("for: fanlichun", "for: team/payments");
    let joined = ("teams/payments.yaml", "members: [liwei, fanlichun]\n");
    let all: [Files<'_>; 3] = [&[], &[(NEW, &team)], &[(NEW, &team), joined]];
    assert_eq!(found("new", &all), ["1 new"]);
    let adopts = |until: &str| request(until, "a.b") + "    adopts: { account: jump_md_r }\n";
    let (adopting, over) = (adopts("2027-01-31"), adopts("2026-11-30"));
    let all: [Files<'_>; 3] = [&[], &[(NEW, &asked)], &[(NEW, &adopting)]];
    assert_eq!(found("new", &all), ["2 new", "1 new"]);
    // Renewed after its end, it adopts anew.
    let all: [Files<'_>; 3] = [&[], &[(NEW, &over)], &[(NEW, &adopting)]];
    assert_eq!(found("new", &all), ["2 new"]);
}
