//! `jumpgate doctor`: tries every target, one line each.

use std::fmt::Display;
use std::io::IsTerminal;

use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use owo_colors::OwoColorize;

use super::source::Source;
use super::{Outcome, block_on_ended, could_not_run};
use crate::access::model::{Access, Instance, PeopleSource, TlsMode};
use crate::credentials::{self, Environment};
use crate::jumpserver::Reader;
use crate::jumpserver::rights::Purpose;
use crate::mysql;
use crate::names::InstanceName;
use crate::observe::{self, SIDE_BY_SIDE};
use crate::plan::ask;

/// By how much a server's clock may differ from this machine's.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Only this target: an instance, or `jumpserver`; may be repeated.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Try what `plan` needs, or also what `apply` needs.
    #[arg(long = "for", value_enum, default_value = "apply")]
    purpose: For,
}

/// For which command the rights are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum For {
    /// Only reads.
    Plan,
    /// Reads and writes.
    Apply,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(doctor(args))
}

async fn doctor(args: &Args) -> Result<Outcome, Outcome> {
    let (_, access) = args.source.access(Timestamp::now())?;
    let focus = super::plan::focus(&access, &args.target, &[])?;
    let environment = &credentials::environment;
    let mut outcome = Outcome::Done;
    if focus.is_all() || focus.jumpserver {
        let lines = jumpserver(&access, environment, args.purpose).await;
        outcome = outcome.and(print("jumpserver", &lines));
    }
    let names: Vec<&InstanceName> =
        ask::holders(&access).filter(|name| focus.reads(name)).collect();
    let mut tried = stream::iter(names)
        .map(|name| {
            let access = &access;
            async move { (name, instance(access, environment, name, args.purpose).await) }
        })
        .buffered(SIDE_BY_SIDE);
    while let Some((name, lines)) = tried.next().await {
        outcome = outcome.and(print(name.as_str(), &lines));
    }
    Ok(outcome)
}

/// What was found about one target.
#[derive(Default)]
struct Lines(Vec<(Mark, String)>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Risk,
    Bad,
    Help,
}

impl Lines {
    fn good(&mut self, text: impl Display) {
        self.0.push((Mark::Good, text.to_string()));
    }

    fn risk(&mut self, text: impl Display) {
        self.0.push((Mark::Risk, text.to_string()));
    }

    fn help(&mut self, text: impl Display) {
        self.0.push((Mark::Help, text.to_string()));
    }

    fn bad(&mut self, text: impl Display) {
        self.0.push((Mark::Bad, text.to_string()));
    }
}

fn print(target: &str, lines: &Lines) -> Outcome {
    let terminal = std::io::stdout().is_terminal();
    for (mark, text) in &lines.0 {
        let word = match mark {
            Mark::Good => "ok     ",
            Mark::Risk => "risk   ",
            Mark::Bad => "MISSING",
            Mark::Help => "help   ",
        };
        let text = crate::visible::clean(text);
        let line = super::line_or_lines(&format!("{word} {target}: "), &text, terminal);
        let coloured = match mark {
            Mark::Good => word.green().to_string(),
            Mark::Risk => word.magenta().to_string(),
            Mark::Bad => word.red().to_string(),
            Mark::Help => word.cyan().to_string(),
        };
        match line.strip_prefix(word).filter(|_| terminal) {
            Some(rest) => anstream::print!("{coloured}{rest}"),
            None => anstream::print!("{line}"),
        }
    }
    match lines.0.iter().any(|(mark, _)| *mark == Mark::Bad) {
        true => Outcome::CouldNotRun,
        false => Outcome::Done,
    }
}

async fn jumpserver(access: &Access, environment: Environment<'_>, purpose: For) -> Lines {
    let mut lines = Lines::default();
    let reader = match observe::jumpserver(access, environment).await {
        Ok(reader) => reader,
        Err(error) => {
            lines.bad(error);
            return lines;
        }
    };
    let organization = reader.organization();
    lines.good(format!(
        "{} answers, organization {} ({})",
        access.config.url, organization.name, organization.id
    ));
    if access.config.url.scheme() == "http" {
        lines.risk("the URL has no https: the token can be read on the way");
    }
    match reader.skew() {
        Some(skew) if skew.abs() <= SKEW => {
            lines.good(format!("its clock is right to {} s", skew.abs().as_secs()));
        }
        Some(skew) => lines.bad(format!(
            "its clock differs from this machine's by {} s; apply allows 60",
            skew.as_secs()
        )),
        None => lines.bad("it sends no Date, so apply cannot compare clocks"),
    }
    rights(access, &reader, purpose, &mut lines).await;
    match reader.anchor(&access.config.owner).await {
        Ok(Some(anchor)) => match anchor.commit {
            Some(commit) => lines.good(format!("last applied commit {commit}")),
            None => lines.good("an anchor without a commit"),
        },
        Ok(None) => lines.good(format!("nothing of owner {} was applied yet", access.config.owner)),
        Err(error) => lines.bad(error),
    }
    lines
}

async fn rights(access: &Access, reader: &Reader, purpose: For, lines: &mut Lines) {
    let needed: Vec<Purpose> = match (purpose, access.config.source) {
        (For::Plan, _) => vec![Purpose::Plan],
        (For::Apply, PeopleSource::JumpServer) => vec![Purpose::Plan, Purpose::Apply],
        (For::Apply, PeopleSource::Repo) => {
            vec![Purpose::Plan, Purpose::Apply, Purpose::People]
        }
    };
    let user = &reader.identity().username;
    match reader.lacking(&needed).await {
        Ok(lacking) => {
            for right in &lacking.missing {
                lines.bad(format!("user {user} lacks the right {}: {}", right.code, right.why));
            }
            if !lacking.unknown.is_empty() {
                let codes: Vec<&str> = lacking.unknown.iter().map(|right| right.code).collect();
                lines.risk(format!(
                    "JumpServer does not say whether user {user} has {}",
                    codes.join(", ")
                ));
            }
            if lacking.missing.is_empty() && lacking.unknown.is_empty() {
                lines.good(format!("user {user} has all rights that it needs"));
            }
        }
        Err(error) => lines.bad(error),
    }
}

async fn instance(
    access: &Access,
    environment: Environment<'_>,
    name: &InstanceName,
    purpose: For,
) -> Lines {
    let mut lines = Lines::default();
    let Some(instance) = access.instances.get(name) else { return lines };
    let credentials = match credentials::mysql(environment, name) {
        Ok(credentials) => credentials,
        Err(error) => {
            lines.bad(error);
            return lines;
        }
    };
    let target = mysql::Target::of(instance);
    match mysql::Reader::connect(&target, &credentials, mysql::Limits::default()).await {
        Ok(reader) => server(access, name, instance, reader, purpose, &mut lines).await,
        Err(error) => lines.bad(error),
    }
    lines
}

async fn server(
    access: &Access,
    name: &InstanceName,
    instance: &Instance,
    mut reader: mysql::Reader,
    purpose: For,
    lines: &mut Lines,
) {
    let server = reader.server().clone();
    lines.good(format!(
        "{} answers: {}, server {}",
        server.label, server.dialect.text, server.identity
    ));
    match instance.tls.mode {
        TlsMode::Verify => lines.good("TLS, and its certificate is right"),
        TlsMode::Require => lines.risk("TLS, but its certificate is not checked (`tls: require`)"),
        TlsMode::Off => lines.risk("no TLS (`tls: off`)"),
    }
    if instance.account_host == "%" {
        lines.risk("accounts work from any host (`account-host: '%'`)");
    }
    if server.skew.abs() <= SKEW {
        lines.good(format!("its clock is right to {} s", server.skew.abs().as_secs()));
    } else {
        let skew = server.skew.as_secs();
        lines.bad(format!("its clock differs from this machine's by {skew} s; apply allows 60"));
    }
    if purpose == For::Apply
        && let Some(why) = &server.not_writable
    {
        lines.bad(format!("it cannot be written: {why}"));
    }
    if purpose == For::Apply {
        match reader.refusing_hashes().await {
            Ok(plugins) if plugins.is_empty() => {}
            Ok(plugins) => lines.bad(format!(
                "{} checks passwords there, and while strict_password_validation is on it \
                 refuses every account that apply would make: switch that off",
                plugins.join(", ")
            )),
            Err(error) => lines.bad(error),
        }
    }
    let purpose = match purpose {
        For::Plan => mysql::rights::Purpose::Plan,
        For::Apply => mysql::rights::Purpose::Apply,
    };
    let privileges = mysql::rights::of_levels(access, instance);
    let databases = instance.databases.clone().unwrap_or_default();
    match mysql::rights::missing(&mut reader, purpose, privileges, &databases).await {
        Ok(missing) if missing.is_empty() => lines.good("its account has all rights it needs"),
        Ok(missing) => {
            for one in missing {
                lines.bad(format!("its account needs: {one};"));
            }
            lines.help(format!(
                "`jumpgate grants-needed {name} {}` prints all that is needed",
                super::grants_needed::flags(&server.dialect)
            ));
        }
        Err(error) => lines.bad(error),
    }
    reader.close().await;
}

/// Says what a command cannot do without a repo's instance.
pub(super) fn no_instance(access: &Access, name: &InstanceName) -> Outcome {
    if let Some(instance) = access.instances.get(name)
        && let Some(main) = &instance.same_accounts_as
    {
        return could_not_run(&format!("{name} has the accounts of {main}: ask for that one"));
    }
    super::plan::unknown("instance", name.as_str(), access.instances.keys().map(|n| n.as_str()))
}
