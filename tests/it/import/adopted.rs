//! From the mess to git: what is imported is adopted without anybody gaining or losing
//! anything, until somebody edits a file.

use std::collections::BTreeMap;

use jumpgate_sandbox::Version;

use crate::support::mess::Mess;
use crate::support::mess::grown::{Grown, PASSWORD};
use crate::support::servers::{Kind, Server};

/// What everybody can do: rows of the grant tables with the hashes of the passwords, and the
/// accounts that JumpServer opens for each person on each asset.
#[derive(Debug, PartialEq, Eq)]
struct Powers {
    grants: Vec<Vec<String>>,
    hashes: Vec<Vec<String>>,
    opened: BTreeMap<(String, String), Vec<String>>,
}

impl Powers {
    async fn of(mess: &Mess, grown: &Grown) -> Self {
        let server = mess.company.server.as_ref().expect("a server");
        let mut grants = Vec::new();
        for table in ["db", "tables_priv", "columns_priv"] {
            let columns = server
                .rows(&format!(
                    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = \
                     'mysql' AND TABLE_NAME = '{table}' AND COLUMN_NAME NOT IN ('Timestamp', \
                     'Grantor') ORDER BY 1"
                ))
                .await;
            let columns: Vec<String> = columns
                .into_iter()
                .map(|row| format!("CONVERT({} USING utf8mb4)", row[0]))
                .collect();
            let rows =
                format!("SELECT {} FROM mysql.{table} ORDER BY Host, Db, User", columns.join(", "));
            let mut rows = server.rows(&rows).await;
            rows.sort();
            grants.extend(rows);
        }
        let people = grown.people.iter().map(String::as_str).chain(["fanlichun", "liwei"]);
        let jumpserver = &mess.company.jumpserver;
        let mut opened = BTreeMap::new();
        for person in people {
            for asset in ["pay-web-01", "pay-web-02", "orders-prod", "lab-01"] {
                let mut accounts = jumpserver.usable_accounts(person, asset);
                accounts.sort();
                opened.insert((person.to_owned(), asset.to_owned()), accounts);
            }
        }
        Self { grants, hashes: hashes(server).await, opened }
    }
}

async fn hashes(server: &Server) -> Vec<Vec<String>> {
    let hash = match server.kind.is_mysql() {
        true => "SELECT User, Host, HEX(authentication_string), account_locked FROM mysql.user",
        false => {
            "SELECT User, Host, JSON_VALUE(Priv, '$.authentication_string'), \
             JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv"
        }
    };
    let mut rows = server.rows(hash).await;
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gains_or_loses_anything_until_somebody_edits() {
    for (version, kind) in [(Version::V4, Kind::Mysql9), (Version::V3, Kind::Mariadb1011)] {
        let mess = Mess::new(version, kind).await;
        let grown = Grown::plant(&mess.company).await;
        let company = &mess.company;
        // The foreign permission with @ALL opens every account; here that is known and meant.
        company.write("policy.yaml", "environments: [prod]\nexposed-accounts: allow\n");
        company.run(&["audit"]).await.expect(0);
        company.run(&["import", "all", "--environment", "prod"]).await.expect(0);
        company.merge("Import what is there (#2)");
        let before = Powers::of(&mess, &grown).await;

        // The plan adopts, and does nothing else.
        let plan = company.run(&["plan"]).await.expect(0).stdout;
        let adopted = plan.matches("nobody gains or loses anything").count();
        assert_eq!(adopted, grown.requests.len() + 90, "{plan}");
        assert!(plan.contains(&format!("Plan: 0 to add, {adopted} to change, 0 to end")), "{plan}");
        for word in ["\n      gains", "\n      loses", "takes away", "adds "] {
            assert!(!plan.contains(word), "{word}: {plan}");
        }
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(Powers::of(&mess, &grown).await, before, "{kind:?}");
        let again = company.run(&["plan", "--detailed-exitcode"]).await.expect(0).stdout;
        assert!(again.contains("No changes"), "{again}");

        // An edit of one file gives one person one thing.
        let path = "requests/imported/eng01-db_r.yaml";
        let text = std::fs::read_to_string(company.dir().join(path)).expect("the file");
        company.write(path, &text.replace("- orders.*", "- orders.*\n      - billing.invoices"));
        company.merge("Let eng01 see invoices (#3)");
        company.run(&["apply", "--yes"]).await.expect(0);
        let after = Powers::of(&mess, &grown).await;
        assert_eq!((&after.hashes, &after.opened), (&before.hashes, &before.opened), "{kind:?}");
        let new: Vec<_> = after.grants.iter().filter(|row| !before.grants.contains(row)).collect();
        assert_eq!(new.len(), 1, "{new:?}");
        assert!(new[0].iter().any(|cell| cell == "jump_db_eng01_r"), "{new:?}");
        assert_eq!(after.grants.len(), before.grants.len() + 1);
        let server = company.server.as_ref().expect("a server");
        let mut conn = server.login("jump_db_eng01_r", PASSWORD).await.expect("the old password");
        let read = crate::support::servers::read(&mut conn, "SELECT * FROM billing.invoices").await;
        assert_eq!(read.expect("it may"), Vec::<Vec<String>>::new());
    }
}
