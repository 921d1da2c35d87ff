//! `jumpgate grants-needed`: the statements that give the accounts of plan and apply what
//! they need on an instance.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Outcome;
use super::source::Source;
use crate::mysql::dialect::{Dialect, Flavor, Version};
use crate::mysql::rights::{self, Purpose};
use crate::mysql::spec::AccountName;
use crate::names::InstanceName;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The instance.
    instance: InstanceName,
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The kind of server.
    #[arg(long, value_enum, default_value = "mysql")]
    server: Kind,
    /// The server runs with partial_revokes=ON (MySQL 8.0.16 and later): there `_` and `%` in the
    /// name of a database stand for themselves.
    #[arg(long)]
    partial_revokes: bool,
    /// The user name of the account that plan uses.
    #[arg(long, value_name = "USER", default_value = "jumpgate_plan")]
    plan_user: String,
    /// The user name of the account that apply uses.
    #[arg(long, value_name = "USER", default_value = "jumpgate")]
    apply_user: String,
    /// The host part of both: from where jumpgate connects.
    #[arg(long, default_value = "10.8.0.%")]
    host: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// MySQL 8.0 and later.
    Mysql,
    /// MySQL 5.7.
    #[value(name = "mysql-5.7")]
    Mysql57,
    /// MariaDB 10.5 and later.
    Mariadb,
}

impl Kind {
    /// The kind of a server.
    pub(super) fn of(dialect: &Dialect) -> Self {
        match dialect.flavor {
            Flavor::Mariadb => Self::Mariadb,
            Flavor::Mysql if dialect.version < Version(8, 0, 0) => Self::Mysql57,
            Flavor::Mysql => Self::Mysql,
        }
    }

    /// The word for it at `--server`.
    fn word(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether servers of this kind can run with partial_revokes=ON.
    fn has_partial_revokes(self) -> bool {
        self == Self::Mysql
    }

    /// A server of this kind, as far as rights go.
    fn dialect(self, partial_revokes: bool) -> Dialect {
        let (flavor, version) = match self {
            Self::Mysql => (Flavor::Mysql, Version(8, 4, 0)),
            Self::Mysql57 => (Flavor::Mysql, Version(5, 7, 44)),
            Self::Mariadb => (Flavor::Mariadb, Version(10, 11, 0)),
        };
        Dialect {
            flavor,
            version,
            text: version.to_string(),
            partial_revokes: partial_revokes && self.has_partial_revokes(),
            lower_case_table_names: 0,
        }
    }
}

/// The flags that make the statements right for a server.
pub(super) fn flags(dialect: &Dialect) -> String {
    let partial = if dialect.partial_revokes { " --partial-revokes" } else { "" };
    format!("--server {}{partial}", Kind::of(dialect).word())
}

pub(super) fn run(args: &Args) -> Outcome {
    if args.partial_revokes && !args.server.has_partial_revokes() {
        return super::could_not_run(&format!(
            "--partial-revokes does not go with --server {}: only MySQL 8.0.16 and later has that \
             setting, and elsewhere `_` and `%` in a name are patterns; leave the flag out",
            args.server.word()
        ));
    }
    let source = Source { dir: args.dir.clone(), rev: None };
    let access = match source.access(Timestamp::now()) {
        Ok((_, access)) => access,
        Err(outcome) => return outcome,
    };
    let Some(instance) =
        access.instances.get(&args.instance).filter(|found| found.same_accounts_as.is_none())
    else {
        return super::doctor::no_instance(&access, &args.instance);
    };
    let dialect = args.server.dialect(args.partial_revokes);
    anstream::println!(
        "-- for {}, connecting from --host '{}'; these are flags of this command",
        flags(&dialect),
        args.host
    );
    anstream::println!();
    let privileges = rights::of_levels(&access, instance);
    let databases = instance.databases.clone().unwrap_or_default();
    for (title, purpose, user) in [
        ("jumpgate plan: reads, and nothing else", Purpose::Plan, &args.plan_user),
        ("jumpgate apply: makes, changes and ends accounts", Purpose::Apply, &args.apply_user),
    ] {
        let login = AccountName { user: user.clone(), host: args.host.clone() };
        if purpose == Purpose::Apply {
            anstream::println!();
        }
        anstream::println!("-- {title}");
        anstream::println!(
            "-- make it first: CREATE USER {} IDENTIFIED BY '...'",
            rights::account(&login)
        );
        let statements = rights::grants_needed(&dialect, purpose, &login, privileges, &databases);
        for statement in statements {
            anstream::println!("{statement};");
        }
        if purpose == Purpose::Plan {
            anstream::println!();
            anstream::println!(
                "-- optional: `unused` and `review --live` count connections with it"
            );
            for statement in rights::to_count(&dialect, &login) {
                anstream::println!("{statement};");
            }
        }
    }
    Outcome::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::privilege::Privilege;
    use crate::mysql::rights::grants_needed;

    #[test]
    fn the_kind_of_a_server_is_the_word_for_it() {
        for (kind, word) in
            [(Kind::Mysql, "mysql"), (Kind::Mysql57, "mysql-5.7"), (Kind::Mariadb, "mariadb")]
        {
            assert_eq!(Kind::of(&kind.dialect(false)), kind);
            assert_eq!(flags(&kind.dialect(false)), format!("--server {word}"));
        }
        assert_eq!(flags(&Kind::Mysql.dialect(true)), "--server mysql --partial-revokes");
        assert_eq!(flags(&Kind::Mariadb.dialect(true)), "--server mariadb");
        let login = AccountName { user: "jumpgate".to_owned(), host: "%".to_owned() };
        let databases = ["pay_eu".to_owned()].into();
        for (partial_revokes, place) in
            [(false, r" ON `pay\_eu`.* TO "), (true, " ON `pay_eu`.* TO ")]
        {
            let dialect = Kind::Mysql.dialect(partial_revokes);
            let level = Privilege::Select.into();
            let told = grants_needed(&dialect, Purpose::Apply, &login, level, &databases);
            assert!(told.iter().any(|statement| statement.contains(place)), "{told:?}");
        }
    }

    #[test]
    fn a_server_without_partial_revokes_takes_no_bare_underscore() {
        let login = AccountName { user: "jumpgate".to_owned(), host: "%".to_owned() };
        let databases = ["pay_eu".to_owned()].into();
        for kind in [Kind::Mysql57, Kind::Mariadb] {
            let dialect = kind.dialect(true);
            let level = Privilege::Select.into();
            let told = grants_needed(&dialect, Purpose::Apply, &login, level, &databases);
            assert!(!told.iter().any(|statement| statement.contains("`pay_eu`")), "{told:?}");
            // Whoever says both is told which one is wrong.
            let args = Args {
                instance: "orders-prod".parse().expect("an instance"),
                dir: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo"),
                server: kind,
                partial_revokes: true,
                plan_user: "jumpgate_plan".to_owned(),
                apply_user: "jumpgate".to_owned(),
                host: "%".to_owned(),
            };
            assert_eq!(run(&args), Outcome::CouldNotRun);
            assert_eq!(run(&Args { partial_revokes: false, ..args }), Outcome::Done);
        }
    }
}
