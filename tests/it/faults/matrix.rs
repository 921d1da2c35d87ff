//! Every scenario, cut at every place: what people hold then, and where the next run leads.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;

use super::powers::{Powers, Sessions, powers, state};
use super::scenarios::{APPLY, BY_HAND, Files, Scenario};
use super::wire::{Cut, ERRORS, Fault};
use super::world::{Ran, World};

/// One line of the table.
#[derive(Debug, Default)]
pub(super) struct Row {
    scenario: &'static str,
    server: String,
    tried: usize,
    survived: usize,
    probes: usize,
    breaches: Vec<String>,
    strays: Vec<String>,
}

/// How thoroughly a scenario is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Killed after every write; a few other faults.
    Reduced,
    /// Everything.
    Whole,
    /// A few writes that are never answered.
    Hang,
}

/// Goes through a scenario.
pub(super) async fn go_through(
    world: &mut World,
    scenario: &'static Scenario,
    depth: Depth,
) -> Row {
    let mut row = Row {
        scenario: scenario.name,
        server: world
            .databases
            .iter()
            .map(|database| format!("{:?}", world.server(database).kind))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join("+"),
        ..Row::default()
    };
    let start = world.company.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.come_soon();
    write(world, scenario.before);
    world.company.merge("before");
    let set_up = world.apply(&[], None).await;
    assert_eq!(set_up.code, Some(0), "{}: {}", scenario.name, set_up.output);
    if !scenario.by_hand.is_empty() {
        // The time of a change has whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for statement in scenario.by_hand {
            world.server(&world.databases[0]).run(statement).await;
        }
    }
    if scenario.by_hand_in_jumpserver {
        world.by_hand();
    }
    if scenario.ends {
        world.let_it_end().await;
    }
    write(world, scenario.change);
    world.company.merge("change");
    world.keep().await;

    let known: &[&str] = if scenario.by_hand.is_empty() { &[] } else { &[BY_HAND] };
    let old = powers(world, known).await;
    let flags: &[&str] = match scenario.ends || scenario.command != APPLY {
        true => &[],
        false => &["--allow-removals", "20"],
    };
    let interrupts = scenario.interrupts
        || (scenario.new_password
            && world.databases.iter().any(|database| !world.server(database).kind.is_mysql()));
    let uncut = world.run(scenario.command, flags, None).await;
    assert_eq!(uncut.code, Some(0), "{}: {}", scenario.name, uncut.output);
    if scenario.command != APPLY {
        // What follows a cut is an apply, which remembers the commit.
        assert_eq!(world.apply(flags, None).await.code, Some(0));
    }
    let end = state(world, known).await;
    let new = powers(world, known).await;
    let bounds = Bounds {
        most: old.union(&new).cloned().collect(),
        least: match interrupts {
            true => Powers::new(),
            false => old.intersection(&new).cloned().collect(),
        },
        new,
        end,
        known,
        command: scenario.command,
        flags,
    };

    world.put_back().await;
    bounds.watch(world, &mut row).await;
    for cut in cuts(scenario, &uncut, depth) {
        bounds.cut(world, cut, &mut row).await;
    }
    // The next scenario begins where this one did.
    world.company.git(&["reset", "--quiet", "--hard", &start]);
    world.clear().await;
    row
}

fn write(world: &World, files: Files) {
    for (path, text) in files {
        match text {
            Some(text) => world.company.write(path, &world.fill(text)),
            None => world.company.remove(path),
        }
    }
}

/// Where to cut, by a run that was not.
fn cuts(scenario: &Scenario, uncut: &Ran, depth: Depth) -> Vec<Cut> {
    let writes = uncut.writes();
    let at_write = |at, fault| Cut { at, writes: true, fault };
    if depth == Depth::Hang {
        let places = [0, writes / 3, writes / 2, writes * 2 / 3];
        return places.map(|at| at_write(at, Fault::Hang)).to_vec();
    }
    let mut cuts: Vec<Cut> = (0..writes).map(|at| at_write(at, Fault::KillAfter)).collect();
    match depth {
        Depth::Hang => {}
        Depth::Reduced => {
            cuts.push(at_write(0, Fault::KillBefore));
            cuts.extend((0..writes).step_by(4).map(|at| at_write(at, Fault::Error(at % ERRORS))));
            cuts.extend((1..writes).step_by(4).map(|at| at_write(at, Fault::DropAfter)));
        }
        Depth::Whole => {
            // Another error each time: all meet all kinds of writes over the scenarios.
            let turn = scenario.name.len();
            cuts.extend((0..writes).map(|at| at_write(at, Fault::KillBefore)));
            cuts.extend((0..writes).map(|at| at_write(at, Fault::DropAfter)));
            cuts.extend((0..writes).map(|at| at_write(at, Fault::Error((at + turn) % ERRORS))));
            cuts.extend((turn % 2..writes).step_by(2).map(|at| at_write(at, Fault::DropBefore)));
            let all = (turn % 8..uncut.events.len()).step_by(8);
            cuts.extend(all.enumerate().map(|(count, at)| {
                let faults = [Fault::KillAfter, Fault::DropBefore, Fault::Error(count % ERRORS)];
                Cut { at, writes: false, fault: faults[count % 3] }
            }));
        }
    }
    cuts
}

/// What may be, and where it leads.
struct Bounds<'s> {
    /// What the old or the new state gives.
    most: Powers,
    /// What both give.
    least: Powers,
    /// What the new state gives.
    new: Powers,
    /// The state after a run that was not cut.
    end: BTreeSet<String>,
    /// Passwords that another hand knows.
    known: &'s [&'s str],
    /// What is cut.
    command: &'s [&'s str],
    /// What every run is called with.
    flags: &'s [&'s str],
}

impl Bounds<'_> {
    /// What is too much or too little at a moment.
    fn judge(&self, when: &str, now: &Powers, row: &mut Row) {
        row.probes += 1;
        let more = now.difference(&self.most).map(|line| format!("{when}: {line}"));
        row.breaches.extend(more);
        let less = self.least.difference(now).map(|line| format!("{when}: no longer: {line}"));
        row.breaches.extend(less);
    }

    /// An uncut run, with a look at what people hold again and again.
    async fn watch(&self, world: &World, row: &mut Row) {
        let run = world.run(self.command, self.flags, None);
        tokio::pin!(run);
        let ran = loop {
            tokio::select! {
                biased;
                ran = &mut run => break ran,
                now = powers(world, self.known) => self.judge("while it ran", &now, row),
            }
        };
        self.judge("after it ran", &powers(world, self.known).await, row);
        assert_eq!(ran.code, Some(0), "{}", ran.output);
    }

    /// A run that is cut, and one that is not.
    async fn cut(&self, world: &World, cut: Cut, row: &mut Row) {
        world.put_back().await;
        let sessions = Sessions::open(world).await;
        let first = world.run(self.command, self.flags, Some(cut)).await;
        let Some(met) = &first.met else { return };
        row.tried += 1;
        let when = format!("{} {} ({})", cut.fault, met.what, cut.at);
        let breaches = row.breaches.len();
        self.judge(&when, &powers(world, self.known).await, row);
        world.let_leases_end();
        let second = world.apply(self.flags, None).await;
        let mut strays = Vec::new();
        if second.code != Some(0) {
            strays.push(format!("{when}: then exit code {:?}: {}", second.code, second.output));
        }
        let end = state(world, self.known).await;
        strays.extend(end.difference(&self.end).map(|line| format!("{when}: then also {line}")));
        strays.extend(self.end.difference(&end).map(|line| format!("{when}: then not {line}")));
        row.probes += 1;
        let still = sessions.powers().await;
        let still = still.difference(&self.new);
        row.breaches.extend(still.map(|line| format!("{when}: an open session of {line}")));
        if strays.is_empty() && row.breaches.len() == breaches {
            row.survived += 1;
        }
        row.strays.extend(strays);
    }
}

/// Says how it goes.
pub(super) fn tell(words: &str) {
    // Not by `print!`: the harness of the tests would keep it.
    let _ = writeln!(std::io::stderr(), "{words}");
}

impl Row {
    /// Its line of the table.
    pub(super) fn line(&self) -> String {
        format!(
            "{:<28} {:<24} {:>5} {:>9} {:>7} {:>9} {:>15}",
            self.scenario,
            self.server,
            self.tried,
            self.survived,
            self.probes,
            self.breaches.len(),
            self.strays.len()
        )
    }
}

/// Prints the table, and makes sure that nothing is in it that must not be.
pub(super) fn judge(rows: &[Row]) {
    let mut table = format!(
        "\n{:<28} {:<24} {:>5} {:>9} {:>7} {:>9} {:>15}\n",
        "scenario", "server", "cuts", "survived", "probes", "breaches", "non-convergence"
    );
    for row in rows {
        let _ = writeln!(table, "{}", row.line());
    }
    tell(&table);
    let mut wrong = String::new();
    for row in rows {
        for line in row.breaches.iter().chain(&row.strays) {
            let _ = writeln!(wrong, "{} on {}: {line}", row.scenario, row.server);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(rows.iter().all(|row| row.tried > 0 && row.tried == row.survived));
}
