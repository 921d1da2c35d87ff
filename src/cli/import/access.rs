//! `jumpgate import requests`, `inventory` and `all`: each stage is checked with the files of
//! the stages before it, and everything is written at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::sync::Arc;

use jiff::Timestamp;

use super::files;
use crate::access::model::Access;
use crate::asset_pattern::AssetPattern;
use crate::cli::{Outcome, block_on_any, could_not_run, plan, source, width};
use crate::import::inventory::{Given, databases, servers};
use crate::import::{self, Found, Import, Options, Pattern, Seen};
use crate::jumpserver::Reader;
use crate::names::{Environment, InstanceName, PersonName};
use crate::repo::Tree;
use crate::report::{self, Look};
use crate::{audit, credentials, observe, request};

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Only what is this person's; may be repeated.
    #[arg(long, value_name = "PERSON")]
    person: Vec<PersonName>,
    /// Only what is on this instance, asset or node; may be repeated.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Only permissions, accounts and assets of this name, where `*` stands for any characters;
    /// may be repeated.
    #[arg(long, value_name = "PATTERN")]
    name: Vec<String>,
    /// Names that tell whose something is, and which login or level it is, such as
    /// 'ro_{person}=r'; may be repeated. `{person}-regularusers=app`, `{person}-superuser=root`,
    /// `jump_db_{person}_{level}` and `jump_md_{person}_{level}` are known.
    #[arg(long, value_name = "PATTERN")]
    pattern: Vec<Pattern>,
    // The heading of its flags would be that of those behind it.
    #[command(flatten)]
    place: files::Place,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ArgsWithNew {
    #[command(flatten)]
    pub(in crate::cli) args: Args,
    #[command(flatten)]
    pub(in crate::cli) new: New,
}

/// What JumpServer cannot tell of new entries of the inventory.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "New entries of the inventory")]
pub(in crate::cli) struct New {
    /// Their environment; needed when there are new entries.
    #[arg(long)]
    environment: Option<String>,
    /// Who answers for them: a person, team/NAME or forge/PATH; may be repeated [default:
    /// nobody].
    #[arg(long, value_name = "OWNER")]
    owner: Vec<String>,
    /// The account-host of new database servers [default: the host that the accounts have which
    /// JumpServer opens there].
    #[arg(long, value_name = "HOST")]
    account_host: Option<String>,
    /// The PEM file of this repo with the authority of their certificates [default: the
    /// authorities of the web].
    #[arg(long, value_name = "PATH")]
    ca: Option<String>,
}

/// What is imported.
pub(in crate::cli) struct Stages<'a> {
    /// What the command calls it.
    pub(super) what: &'static str,
    pub(super) people: bool,
    pub(super) inventory: Option<&'a New>,
    pub(super) requests: bool,
}

/// The repo while files are added to it.
struct Repo {
    tree: Tree,
    access: Access,
    found: Found,
    now: Timestamp,
}

pub(super) fn import(args: &Args, stages: &Stages<'_>) -> Result<Outcome, Outcome> {
    let now = Timestamp::now();
    let place = args.place.as_of_others();
    let there = files::Repo::of(&place, args.format == Format::Json)?;
    let mut repo = Repo {
        tree: there.tree().clone(),
        access: there.access().clone(),
        found: Found::default(),
        now,
    };
    let seen = block_on_any(repo.find(args, stages))??;
    let unreadable = seen.observed.instances.iter().filter_map(|(name, read)| {
        let why = read.as_ref().err()?;
        Some((name.to_string(), why.clone()))
    });
    let found = repo.found.sorted();
    let mut import = Import {
        schema: import::SCHEMA,
        owner: repo.access.config.owner.clone(),
        moment: now,
        organization: seen.observed.jumpserver.organization.1.clone(),
        written: !place.dry_run,
        branch: None,
        pull_request: None,
        unreadable: unreadable.collect(),
        files: found.files,
        covered: found.covered,
        left: found.left,
    };
    if let Some(published) = there.write(&import.files, stages.what)? {
        import.branch = Some(published.branch);
        import.pull_request = published
            .pull_request
            .map(|pull| request::PullRequest { number: pull.number, url: pull.url });
    }
    match args.format {
        Format::Json => anstream::println!("{}", import.json()),
        Format::Text => {
            let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
            anstream::print!("{}", report::import_text(&import, &repo.access.config.zone, look));
        }
    }
    Ok(if import.is_partial() { Outcome::InPart } else { Outcome::Done })
}

/// What the flags ask for.
fn options(args: &Args, access: &Access) -> Result<Options, Outcome> {
    let config = &access.config;
    for means in args.pattern.iter().filter_map(Pattern::means) {
        let login = config.logins.keys().map(|login| login.as_str());
        let level = config.levels.keys().map(|level| level.as_str());
        let known: Vec<&str> = login.chain(level).collect();
        if !known.contains(&means) {
            return Err(plan::unknown("login or level", means, known.into_iter()));
        }
    }
    Ok(Options {
        people: args.person.iter().cloned().collect(),
        targets: args.target.iter().cloned().collect(),
        names: args.name.iter().map(|name| AssetPattern::new(name)).collect(),
        patterns: args.pattern.clone(),
    })
}

/// Reads all of JumpServer.
async fn read(access: &Access, reader: &Reader) -> Result<Seen, Outcome> {
    let failed = |error| could_not_run(&error);
    let jumpserver = reader.everything(&access.config.owner).await.map_err(failed)?;
    let without_secret = reader.accounts_without_secret(&jumpserver).await.map_err(failed)?;
    Ok(Seen {
        observed: audit::Observed { jumpserver, instances: BTreeMap::new() },
        without_secret,
    })
}

/// Whether all targets exist.
fn known_targets(options: &Options, access: &Access, seen: &Seen) -> Result<(), Outcome> {
    if options.targets.is_empty() {
        return Ok(());
    }
    let everything = &seen.observed.jumpserver;
    let instances = access.instances.keys().map(InstanceName::as_str);
    let assets = everything.assets.iter().map(|asset| asset.name.as_str());
    let nodes = everything.nodes.iter().map(String::as_str);
    let known: BTreeSet<&str> = instances.chain(assets).chain(nodes).collect();
    match options.targets.iter().find(|target| !known.contains(target.as_str())) {
        Some(target) => {
            let hint = crate::diagnostic::nearest(target, known.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Err(could_not_run(&format!("there is no instance, asset or node {target}{hint}")))
        }
        None => Ok(()),
    }
}

/// Reads the instances that hold accounts, those of the targets when there are any, but for
/// those that were read already.
async fn instances(
    access: &Access,
    seen: &Seen,
    options: &Options,
) -> BTreeMap<InstanceName, Result<Box<crate::mysql::everything::Everything>, String>> {
    let asked = access.instances.iter().filter(|(name, instance)| {
        options.targets.is_empty()
            || options.targets.contains(name.as_str())
            || options.targets.contains(&instance.asset)
    });
    let holders: BTreeSet<&InstanceName> = asked.map(|(name, _)| access.holder(name)).collect();
    let names: Vec<&InstanceName> = holders
        .into_iter()
        .filter(|name| !seen.observed.instances.contains_key(*name))
        .filter(|name| access.instances.get(*name).is_some_and(|one| !one.retired))
        .collect();
    observe::instances(access, &credentials::environment, &names).await
}

impl Repo {
    /// Reads the servers, and finds what the stages are about.
    async fn find(&mut self, args: &Args, stages: &Stages<'_>) -> Result<Seen, Outcome> {
        let options = options(args, &self.access)?;
        let environment = &credentials::environment;
        let reader = observe::jumpserver(&self.access, environment)
            .await
            .map_err(|error| could_not_run(&error))?;
        let mut seen = read(&self.access, &reader).await?;
        known_targets(&options, &self.access, &seen)?;
        if stages.people {
            self.people(&seen, &options)?;
        }
        for person in &options.people {
            plan::person(&self.access, person)?;
        }
        if let Some(new) = stages.inventory {
            self.inventory(&mut seen, &options, new).await?;
        }
        if stages.requests {
            let read = instances(&self.access, &seen, &options).await;
            seen.observed.instances.extend(read);
            let found = import::requests::find(&self.access, &seen, &options, self.now);
            self.take(found)?;
        }
        Ok(seen)
    }

    /// Takes the files of a stage in that pass the checks.
    fn take(&mut self, found: Found) -> Result<(), Outcome> {
        let settled = import::settle(&self.tree, &self.access, found, self.now);
        let (found, tree, access) = settled.map_err(|errors| {
            source::print(&self.tree, &errors);
            Outcome::Invalid
        })?;
        self.found.add(found);
        (self.tree, self.access) = (tree, access);
        Ok(())
    }

    /// Files for the users who can have access: with targets or names for those of the
    /// permissions that are asked for.
    fn people(&mut self, seen: &Seen, options: &Options) -> Result<(), Outcome> {
        let everything = &seen.observed.jumpserver;
        let named = import::people::named(&self.access, everything, options, self.now);
        let users = everything
            .users
            .iter()
            .filter(|user| user.seen.active && !user.service)
            .map(|user| &user.seen)
            .filter(|user| named.as_ref().is_none_or(|named| named.contains(&*user.username)));
        let mut found = import::people::find(&self.access, users);
        if !options.people.is_empty() {
            let path = |name: &PersonName| format!("people/{name}.yaml");
            let asked: BTreeSet<String> = options.people.iter().map(path).collect();
            found.files.retain(|file| asked.contains(&file.path));
            found.covered.retain(|covered| asked.contains(&covered.file));
            found.left.clear();
        }
        self.take(found)
    }

    /// Files for database servers, and entries for hosts and nodes.
    async fn inventory(
        &mut self,
        seen: &mut Seen,
        options: &Options,
        new: &New,
    ) -> Result<(), Outcome> {
        let (proposed, mut found) =
            databases::find(&self.access, &seen.observed.jumpserver, options);
        let (missing, more) = servers::find(&self.access, seen, options, self.now);
        found.add(more);
        if proposed.is_empty() && missing.is_empty() {
            return self.take(found);
        }
        let environment = self.environment(new, proposed.len(), missing.len())?;
        let given = Given {
            owners: new.owner.clone(),
            account_host: new.account_host.clone(),
            ca: new.ca.clone(),
        };
        let ca = self.ca(new)?;
        // A host that is not given has to be read, which takes an instance without one.
        let mut access = self.access.clone();
        for one in &proposed {
            let instance = one.instance(&access, &given, &environment, ca.clone());
            access.instances.insert(one.name.clone(), instance);
        }
        if given.account_host.is_none() {
            let names: Vec<&InstanceName> = proposed.iter().map(|one| &one.name).collect();
            let read = observe::instances(&access, &credentials::environment, &names).await;
            seen.observed.instances.extend(read);
        }
        for one in proposed {
            let everything = &seen.observed.jumpserver;
            let host = match (&given.account_host, seen.observed.instances.get(&one.name)) {
                (Some(host), _) => Ok(host.clone()),
                (None, Some(Ok(live))) => one.account_host(&access, live, everything, options),
                (None, Some(Err(why))) => Err(one.unread(why)),
                (None, None) => continue,
            };
            match host {
                Ok(host) => found.files.push(one.file(&given, &environment, &host)),
                Err(reason) => {
                    // One that could not be read is told as that, too.
                    if let Some(Ok(_)) = seen.observed.instances.get(&one.name) {
                        seen.observed.instances.remove(&one.name);
                    }
                    found.left.push(one.left(reason));
                }
            }
        }
        if !missing.is_empty() {
            found.files.push(missing.file(&self.tree, &given, &environment));
        }
        self.take(found)
    }

    /// The environment of new entries.
    fn environment(
        &self,
        new: &New,
        databases: usize,
        entries: usize,
    ) -> Result<Environment, Outcome> {
        let known = &self.access.policy.environments;
        let names: Vec<&str> = known.iter().map(Environment::as_str).collect();
        let Some(text) = &new.environment else {
            return Err(could_not_run(&format!(
                "{} and {} of inventory/servers.yaml are new, and JumpServer does not know their \
                 environment: say --environment, one of {}; --target and --name narrow what is \
                 imported",
                crate::plural::count(databases, "database server"),
                match entries {
                    1 => "1 entry".to_owned(),
                    many => format!("{many} entries"),
                },
                names.join(", ")
            )));
        };
        let found = known.iter().find(|one| one.as_str() == text);
        found.cloned().ok_or_else(|| plan::unknown("environment", text, names.iter().copied()))
    }

    /// The bytes of the authority's file.
    fn ca(&self, new: &New) -> Result<Option<Arc<[u8]>>, Outcome> {
        let Some(path) = &new.ca else { return Ok(None) };
        match self.tree.files.get(path.as_str()) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => Err(could_not_run(&format!(
                "the access repo has no file {path}: put it below inventory/ first"
            ))),
        }
    }
}
