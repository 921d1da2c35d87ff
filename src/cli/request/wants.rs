//! The flags that say what is asked for. Their order matters: a login belongs to the servers
//! before it, level and tables to the databases before them.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::request::{DatabaseAsk, ServerAsk};

/// What flags ask for, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants(Vec<(Flag, String)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Server,
    Login,
    Database,
    Level,
    Table,
}

const FLAGS: [(Flag, &str, &str, &str); 5] = [
    (
        Flag::Server,
        "server",
        "NODE_OR_ASSET",
        "A node by its whole path, or an asset by its name; may be repeated",
    ),
    (Flag::Login, "login", "LOGIN", "The login on the servers named before it"),
    (Flag::Database, "database", "INSTANCE", "A database instance; may be repeated"),
    (Flag::Level, "level", "LEVEL", "The level on the databases named before it"),
    (
        Flag::Table,
        "table",
        "TABLE",
        "What of the databases named before it: 'orders.*', billing.invoices, 'billing.cards(id, \
         last4)'; may be repeated",
    ),
];

impl Wants {
    /// Servers, with an empty login where none is said. One login alone is meant for all.
    pub(super) fn servers(&self) -> Vec<ServerAsk> {
        let mut asks: Vec<ServerAsk> = Vec::new();
        for (flag, text) in &self.0 {
            let fresh = match asks.last() {
                None => true,
                Some(ask) => {
                    let named = !ask.nodes.is_empty() || !ask.assets.is_empty();
                    named && !ask.login.is_empty()
                }
            };
            match flag {
                Flag::Server | Flag::Login if fresh => asks.push(ServerAsk::default()),
                _ => {}
            }
            let Some(ask) = asks.last_mut() else { continue };
            match flag {
                Flag::Server if text.starts_with('/') => ask.nodes.push(text.clone()),
                Flag::Server => ask.assets.push(text.clone()),
                Flag::Login => ask.login.clone_from(text),
                _ => {}
            }
        }
        fill(asks.iter_mut().map(|ask| &mut ask.login));
        asks
    }

    /// Databases, with an empty level where none is said. One level alone is meant for all.
    ///
    /// # Errors
    /// When two levels are said for the same databases.
    pub(super) fn databases(&self) -> Result<Vec<DatabaseAsk>, String> {
        let mut asks: Vec<DatabaseAsk> = Vec::new();
        for (flag, text) in &self.0 {
            let whole = |ask: &DatabaseAsk| {
                !ask.instances.is_empty() && (!ask.level.is_empty() || !ask.tables.is_empty())
            };
            match flag {
                Flag::Database if asks.last().is_none_or(whole) => {
                    asks.push(DatabaseAsk::default());
                }
                Flag::Level | Flag::Table if asks.is_empty() => asks.push(DatabaseAsk::default()),
                _ => {}
            }
            let Some(ask) = asks.last_mut() else { continue };
            match flag {
                Flag::Database => ask.instances.push(text.clone()),
                Flag::Level if !ask.level.is_empty() && ask.level != *text => {
                    return Err(format!(
                        "two levels, {} and {text}, are said for the same databases: name \
                         databases, then their level and tables, then the next databases",
                        ask.level
                    ));
                }
                Flag::Level => ask.level.clone_from(text),
                Flag::Table => ask.tables.push(text.clone()),
                _ => {}
            }
        }
        fill(asks.iter_mut().map(|ask| &mut ask.level));
        Ok(asks)
    }
}

/// One text alone is meant wherever none is said.
fn fill<'t>(texts: impl Iterator<Item = &'t mut String>) {
    let texts: Vec<&mut String> = texts.collect();
    let said: BTreeSet<String> =
        texts.iter().filter(|text| !text.is_empty()).map(|text| text.to_string()).collect();
    if let (Some(one), 1) = (said.first(), said.len()) {
        for text in texts.into_iter().filter(|text| text.is_empty()) {
            text.clone_from(one);
        }
    }
}

impl clap::Args for Wants {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, (_, name, value, help)| {
            let arg = Arg::new(*name).long(*name).value_name(*value).help(*help);
            command.arg(arg.action(ArgAction::Append))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Wants {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found: Vec<(usize, Flag, String)> = Vec::new();
        for (flag, name, ..) in FLAGS {
            let values = matches.get_many::<String>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            found.extend(places.zip(values).map(|(at, text)| (at, flag, text.clone())));
        }
        found.sort_by_key(|(at, ..)| *at);
        Ok(Self(found.into_iter().map(|(_, flag, text)| (flag, text)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        wants: Wants,
    }

    fn of(line: &str) -> Wants {
        Line::parse_from(std::iter::once("x").chain(line.split_whitespace())).wants
    }

    #[test]
    fn a_login_belongs_to_the_servers_before_it() {
        let asks = of("--server /D/a --server b --login app --server c --login root").servers();
        let told: Vec<_> = asks
            .iter()
            .map(|ask| (ask.login.as_str(), ask.nodes.len(), ask.assets.len()))
            .collect();
        assert_eq!(told, [("app", 1, 1), ("root", 0, 1)]);
        // The other way round, when it is plain what is meant.
        assert_eq!(of("--login app --server b --server c").servers()[0].assets, ["b"]);
    }

    #[test]
    fn tables_never_reach_databases_that_they_were_not_said_for() {
        let line = "--database a --table a.x --database b --database c --table b.* --level rw";
        let asks = of(line).databases().expect("databases");
        let told: Vec<_> = asks
            .iter()
            .map(|ask| (ask.instances.join(","), &*ask.level, ask.tables.join(",")))
            .collect();
        let expected = [("a", "rw", "a.x"), ("b,c", "rw", "b.*")]
            .map(|(instances, level, tables)| (instances.to_owned(), level, tables.to_owned()));
        assert_eq!(told, expected);
        let two = of("--database a --level r --table a.x --level rw").databases();
        assert!(two.expect_err("two levels").contains("two levels, r and rw"));
        let first = of("--level r --table a.* --database a").databases().expect("databases");
        assert_eq!((first.len(), first[0].instances.len()), (1, 1));
    }
}
