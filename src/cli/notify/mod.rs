//! `jumpgate notify`.

mod mail;
mod send;
mod store;

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use self::send::Sender;
use self::store::Store;
use super::source::Source;
use super::{Outcome, block_on_ended, could_not_run};
use crate::access::model::Access;
use crate::access::notify::Notify;
use crate::notify::{self, Applied, Delivery, Inputs, Links, Round};
use crate::visible::clean;
use crate::{credentials, grants, repo};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Tell what ends within so many days, whatever notify.yaml says; may be repeated, and each
    /// number is one reminder.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=365))]
    days: Vec<u32>,
    /// Tell what an apply did, too: the file that `jumpgate apply --format json` wrote.
    #[arg(long, value_name = "FILE")]
    apply: Option<PathBuf>,
    /// The file that remembers what was told; made when it is not there. It needs no backup:
    /// without it things are told once more.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    state: Option<PathBuf>,
    /// Only this channel; may be repeated.
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// Print the messages, and send and remember nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(notify(args))
}

async fn notify(args: &Args) -> Result<Outcome, Outcome> {
    let moment = Timestamp::now();
    let (_, access) = args.source.access(moment)?;
    let notify = wanted(args, &access)?;
    let applied = args.apply.as_ref().map(|path| read(path, &access)).transpose()?;
    let mut store = match (&args.state, args.dry_run) {
        (Some(path), false) => Some(Store::open(path)?),
        _ => None,
    };
    // A dry run shows what a run would tell: without what was told already.
    let state = match (&store, &args.state) {
        (Some(store), _) => store.state().clone(),
        (None, Some(path)) => store::read(path).map_err(|error| could_not_run(&error))?,
        (None, None) => notify::State::default(),
    };
    let days: BTreeSet<u32> = match args.days.is_empty() {
        true => notify.days.clone(),
        false => args.days.iter().copied().collect(),
    };
    let grants = grants::of(&access);
    let inputs =
        Inputs { access: &access, grants: &grants, moment, days: &days, applied: applied.as_ref() };
    let events = notify::events(&inputs);
    let links = links(args, &notify);
    let round = notify::deliveries(&access, &notify, &events, &state, &links, moment);
    for person in &round.unreachable {
        anstream::eprintln!("warning: {person} has no `email:` and gets no mail");
    }
    for group in &round.groups {
        anstream::eprintln!(
            "warning: only the forge knows who is in {group}, so as an owner it gets no mail"
        );
    }
    if args.dry_run {
        for delivery in &round.deliveries {
            show(delivery);
        }
        told(&round, 0);
        return Ok(Outcome::Done);
    }
    let Some(store) = &mut store else { return Err(could_not_run(&"--state is missing")) };
    // What stands no more is forgotten: it is told anew when it comes again.
    if applied.is_some() {
        let passing = |key: &str| key.contains("/failed/") || key.contains("/overdue/");
        let of_channel = |key: &str| {
            key.split('/').next().is_some_and(|name| notify.channels.contains_key(name))
        };
        store.forget(moment, |key| {
            of_channel(key) && passing(key) && !round.standing.contains(key)
        })?;
    }
    let failed = deliver(&access, &notify, &round, store).await?;
    told(&round, failed);
    Ok(if failed > 0 { Outcome::InPart } else { Outcome::Done })
}

/// Sends everything; gives how many messages did not arrive. What arrived is remembered before
/// the next one is sent: a run that is cut may tell one thing twice, and never forgets one.
async fn deliver(
    access: &Access,
    notify: &Notify,
    round: &Round,
    store: &mut Store,
) -> Result<usize, Outcome> {
    let owner = access.config.owner.as_str();
    let mut failed = 0;
    for (name, channel) in &notify.channels {
        let own = round.deliveries.iter().filter(|delivery| delivery.channel == *name);
        let own: Vec<&Delivery> = own.collect();
        if own.is_empty() {
            continue;
        }
        let mut sender = match Sender::new(name, &channel.kind, owner, &credentials::environment) {
            Ok(sender) => sender,
            Err(error) => {
                anstream::eprintln!("error: {name}: {}", clean(&error));
                failed += own.len();
                continue;
            }
        };
        for delivery in own {
            match sender.send(delivery).await {
                Ok(()) => store.note(&delivery.keys, Timestamp::now())?,
                Err(error) => {
                    let to = delivery.to.as_ref().map(|to| format!(", {to}")).unwrap_or_default();
                    anstream::eprintln!("error: {name}{}: {}", clean(&to), clean(&error));
                    failed += 1;
                }
            }
        }
    }
    Ok(failed)
}

/// The settings, with the channels that are asked for.
fn wanted(args: &Args, access: &Access) -> Result<Notify, Outcome> {
    let Some(mut notify) = access.notify.clone() else {
        return Err(could_not_run(
            &"the access repo has no notify.yaml, so nobody is told anything: docs/notifications.md \
              shows one",
        ));
    };
    for name in &args.channel {
        if !notify.channels.contains_key(name) {
            let known = notify.channels.keys().map(String::as_str);
            return Err(super::plan::unknown("channel", name, known));
        }
    }
    if !args.channel.is_empty() {
        notify.channels.retain(|name, _| args.channel.contains(name));
    }
    Ok(notify)
}

fn read(path: &PathBuf, access: &Access) -> Result<Applied, Outcome> {
    let told = |why: String| could_not_run(&format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path)
        .map_err(|error| told(format!("it cannot be read: {error}")))?;
    Applied::parse(&text, access.config.owner.as_str()).map_err(told)
}

fn links(args: &Args, notify: &Notify) -> Links {
    let edit = notify.edit_link.clone();
    Links {
        edit: edit.or_else(|| Links::edit_of(&credentials::environment)),
        folder: repo::place(&args.source.dir).map(|place| place.folder).unwrap_or_default(),
    }
}

fn show(delivery: &Delivery) {
    let to = delivery.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
    anstream::println!("--- {}{}", delivery.channel, clean(&to));
    anstream::println!("{}\n", delivery.message.title);
    anstream::println!("{}\n", delivery.message.text);
}

fn told(round: &Round, failed: usize) {
    let all = round.deliveries.len();
    if all == 0 {
        anstream::eprintln!("nothing new to tell");
        return;
    }
    let s = if all == 1 { "" } else { "s" };
    match failed {
        0 => anstream::eprintln!("{all} message{s}"),
        failed => anstream::eprintln!(
            "{} of {all} message{s} arrived; the rest is tried again by the next run",
            all - failed
        ),
    }
}
