//! The mess of a company where a ticket page in a patched JumpServer worked for years: 90
//! engineers, 300 database accounts, 40 patterns, 12 roles. With what an import must say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::{NewAccount, NewAsset, NewPermission, NewUser};

use super::texts;
use crate::support::company::Company;

/// What an import must say.
#[derive(Debug, Default)]
pub(crate) struct Grown {
    /// The paths of the requests that it writes.
    pub(crate) requests: BTreeSet<String>,
    /// The people of the files that it writes.
    pub(crate) people: BTreeSet<String>,
    /// What it leaves alone, by kind and name, and the kind of the first reason.
    pub(crate) left: BTreeMap<(String, String), String>,
    /// The names of the accounts that were planted on the server.
    pub(crate) accounts: BTreeSet<String>,
}

/// The password of every account.
pub(crate) const PASSWORD: &str = "Their-pass.1";

/// An engineer.
fn engineer(number: usize) -> String {
    format!("eng{number:02}")
}

/// A permission as the ticket page would make it if it were careful.
fn careful(name: String, user: &str, accounts: &[&str]) -> NewPermission {
    NewPermission {
        name,
        users: texts(&[user]),
        accounts: texts(accounts),
        protocols: Some(texts(&["ssh", "sftp", "rdp", "vnc"])),
        actions: Some(texts(&["connect", "upload", "download", "copy", "paste"])),
        ..NewPermission::default()
    }
}

/// The end of a day in Shanghai some weeks ahead, and the day as a path has it.
fn a_day_ahead() -> (Timestamp, String) {
    let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
    let ahead = Timestamp::now() + SignedDuration::from_hours(24 * 40);
    let day = ahead.to_zoned_datetime(zone.clone()).date();
    let next = day.tomorrow().expect("a day").to_zoned_datetime(zone).expect("a moment");
    (next.timestamp(), day.strftime("%Y%m%d").to_string())
}

impl Grown {
    fn leave(&mut self, kind: &str, name: impl Into<String>, why: &str) {
        self.left.insert((kind.to_owned(), name.into()), why.to_owned());
    }

    fn request(&mut self, stem: String) {
        self.requests.insert(format!("requests/imported/{stem}.yaml"));
    }

    /// Plants everything.
    pub(crate) async fn plant(company: &Company) -> Self {
        let mut grown = Self::default();
        for number in 1..=90 {
            let user = engineer(number);
            company.jumpserver.add_user(NewUser::named(&user));
            grown.people.insert(user);
        }
        grown.hosts(company);
        let statements = grown.databases(company);
        let server = company.server.as_ref().expect("a server");
        server.run(&statements).await;
        grown
    }

    fn hosts(&mut self, company: &Company) {
        let jumpserver = &company.jumpserver;
        let prod = vec![format!("{}/payments/prod", company.root)];
        let ops = vec![format!("{}/ops", company.root)];
        jumpserver.add_node(&ops[0]);
        let lab = NewAsset::of("Other", "lab-01", "10.7.0.1");
        jumpserver.add_asset(lab.below(&format!("{}/lab", company.root)));
        let app = |number: usize| {
            let user = engineer(number);
            careful(format!("{user}-regularusers"), &user, &["app", "@SPEC"])
        };
        for number in 1..=40 {
            let one = match number % 2 {
                // Every protocol is what JumpServer gives by itself; hosts here speak SSH alone.
                0 => {
                    let assets = texts(&["pay-web-01"]);
                    NewPermission { assets, protocols: None, ..app(number) }
                }
                _ => NewPermission { nodes: prod.clone(), ..app(number) },
            };
            jumpserver.add_permission(one);
            self.request(format!("{}-app", engineer(number)));
        }
        for number in 41..=60 {
            let one = NewPermission { nodes: prod.clone(), ..app(number) };
            let name = one.name.clone();
            let (end, day) = a_day_ahead();
            let (one, why) = match number {
                41..=45 => {
                    let nodes = vec![format!("{}/lab", company.root)];
                    (NewPermission { protocols: None, nodes, ..one }, Some("not-a-login"))
                }
                46..=50 => (NewPermission { actions: None, ..one }, Some("not-a-login")),
                51 => (NewPermission { accounts: texts(&["@ALL"]), ..one }, Some("not-a-login")),
                52 => {
                    let user_groups = texts(&["dba"]);
                    (NewPermission { user_groups, ..one }, Some("not-one-person"))
                }
                53 => {
                    let users = texts(&["eng53", "eng54"]);
                    (NewPermission { users, ..one }, Some("not-one-person"))
                }
                55 => {
                    let past = Some(Timestamp::now() - SignedDuration::from_hours(24));
                    (NewPermission { date_expired: past, ..one }, Some("shut"))
                }
                56 => (NewPermission { inactive: true, ..one }, Some("shut")),
                57 => {
                    self.request(format!("eng57-app_{day}"));
                    (NewPermission { date_expired: Some(end), ..one }, None)
                }
                58 => {
                    let odd = Some(end + SignedDuration::from_secs(7));
                    (NewPermission { date_expired: odd, ..one }, Some("period"))
                }
                _ => {
                    self.request(format!("{}-app", engineer(number)));
                    (NewPermission { nodes: ops.clone(), ..one }, None)
                }
            };
            jumpserver.add_permission(one);
            if let Some(why) = why {
                self.leave("permission", name, why);
            }
        }
        for number in 1..=11 {
            let user = engineer(number);
            let name = format!("{user}-superuser");
            let one = careful(name.clone(), &user, &["root", "Administrator", "@SPEC"]);
            let nodes = if number == 11 { prod.clone() } else { ops.clone() };
            jumpserver.add_permission(NewPermission { nodes, ..one });
            match number {
                11 => self.leave("permission", name, "not-offered"),
                _ => self.request(format!("{user}-root")),
            }
        }
        self.leave("node", prod[0].clone(), "not-offered");
        let again = careful("eng12-regularusers again".to_owned(), "eng12", &["app"]);
        jumpserver.add_permission(NewPermission { nodes: prod, ..again });
        self.leave("permission", "eng12-regularusers again", "taken");
    }

    /// The permissions and accounts of databases in JumpServer, and the statements that make
    /// the accounts on the server.
    fn databases(&mut self, company: &Company) -> String {
        let mut sql = vec![
            "CREATE DATABASE pay_us".to_owned(),
            "CREATE TABLE billing.totals (id INT)".to_owned(),
        ];
        for number in 1..=12 {
            sql.push(format!("CREATE ROLE role_{number:02}"));
            sql.push(format!("GRANT SELECT ON billing.* TO role_{number:02}"));
        }
        for number in 1..=60 {
            let user = format!("jump_db_{}_r", engineer(number));
            self.account(&mut sql, &user, "127.0.0.1", &["SELECT ON orders.*"]);
            self.opened(company, &format!("{}-db", engineer(number)), &engineer(number), &user);
            self.request(format!("{}-db_r", engineer(number)));
        }
        for number in 61..=80 {
            let user = format!("jump_md_{}_r", engineer(number));
            let grants = ["SELECT ON billing.invoices", "SELECT (id, last4) ON billing.cards"];
            self.account(&mut sql, &user, "127.0.0.1", &grants);
            self.opened(company, &format!("{}-md", engineer(number)), &engineer(number), &user);
            self.request(format!("{}-{user}", engineer(number)));
        }
        for number in 81..=90 {
            let user = format!("jump_db_{}_rw", engineer(number));
            let grants = ["SELECT, INSERT, UPDATE, DELETE ON orders.items"];
            self.account(&mut sql, &user, "127.0.0.1", &grants);
            self.opened(company, &format!("{}-db", engineer(number)), &engineer(number), &user);
            self.request(format!("{}-db_rw", engineer(number)));
        }
        for number in 1..=60 {
            self.left_account(company, &mut sql, number);
        }
        for number in 1..=21 {
            let user = format!("report_{number:02}");
            self.account(&mut sql, &user, "10.%", &["SELECT ON `pay%`.*"]);
            self.leave("account", format!("{user}@10.%"), "no-pattern");
        }
        for number in 1..=130 {
            let user = format!("svc_{number:03}");
            self.account(&mut sql, &user, "10.%", &["SELECT, INSERT ON orders.*"]);
            self.leave("account", format!("{user}@10.%"), "no-pattern");
        }
        sql.join(";\n")
    }

    /// One more account of an engineer, which no request can say.
    fn left_account(&mut self, company: &Company, sql: &mut Vec<String>, number: usize) {
        let person = engineer(number);
        let user = format!("jump_md_{person}_r");
        let name = format!("`{user}`@`127.0.0.1`");
        let (host, grants, why): (_, &[&str], _) = match number {
            19 => ("127.0.0.1", &["SELECT ON billing.*"], "pair"),
            1..=20 if number.is_multiple_of(2) => {
                ("127.0.0.1", &["SELECT ON `pay%`.*"], "wildcard")
            }
            1..=20 => ("127.0.0.1", &["SELECT ON `pay_us`.*"], "wildcard"),
            21..=40 => ("127.0.0.1", &["SELECT ON orders.*"], "beyond"),
            41..=45 => ("127.0.0.1", &["SELECT ON orders.*"], "login"),
            46..=50 => ("%", &["SELECT ON orders.*"], "host"),
            51..=58 => ("127.0.0.1", &["SELECT ON orders.*"], "not-held"),
            59 => ("127.0.0.1", &["SELECT ON billing.totals"], "pair"),
            _ => ("127.0.0.1", &["SELECT, SHOW VIEW ON orders.*"], "not-a-level"),
        };
        self.account(sql, &user, host, grants);
        self.leave("account", format!("{user}@{host}"), why);
        sql.extend(match number {
            21..=30 => Some(format!("GRANT role_{:02} TO {name}", number - 20)),
            31..=35 => Some(format!("GRANT SELECT ON orders.* TO {name} WITH GRANT OPTION")),
            36..=40 => Some(format!("GRANT PROCESS ON *.* TO {name}")),
            41..=45 => Some(format!("ALTER USER {name} ACCOUNT LOCK")),
            _ => None,
        });
        match number {
            51..=55 => {}
            56..=58 => {
                let account = NewAccount { username: user.clone(), ..NewAccount::default() };
                company.jumpserver.add_account_with("orders-prod", account);
            }
            59 => {
                company.jumpserver.add_account("orders-prod", &user, Some(PASSWORD));
            }
            19 => {
                self.opened(company, "eng19-md", &person, &user);
                self.leave("permission", "eng19-md", "taken");
            }
            _ => {
                self.opened(company, &format!("{person}-md"), &person, &user);
                self.leave("permission", format!("{person}-md"), "pair");
            }
        }
    }

    fn account(&mut self, sql: &mut Vec<String>, user: &str, host: &str, grants: &[&str]) {
        let name = format!("`{user}`@`{host}`");
        sql.push(format!("CREATE USER {name} IDENTIFIED BY '{PASSWORD}'"));
        sql.extend(grants.iter().map(|grant| format!("GRANT {grant} TO {name}")));
        self.accounts.insert(format!("{user}@{host}"));
    }

    /// An account in JumpServer with its password, and a permission that opens just it, as the
    /// ticket page makes it: every protocol, every action.
    fn opened(&mut self, company: &Company, permission: &str, person: &str, user: &str) {
        company.jumpserver.add_account("orders-prod", user, Some(PASSWORD));
        company.jumpserver.add_permission(NewPermission {
            assets: texts(&["orders-prod"]),
            protocols: None,
            actions: None,
            ..careful(permission.to_owned(), person, &[user, "@SPEC"])
        });
    }
}
