//! A company whose JumpServer and database only ever grew, with the list of what is wrong.

pub(crate) mod grown;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::{NewAccount, NewAsset, NewPermission, NewUser, Version};

use crate::support::company::Company;
use crate::support::servers::{Kind, Server};

/// What is wrong, by kind of door and its name: codes.
pub(crate) type Faults = BTreeMap<(String, String), BTreeSet<String>>;

/// The company, and the list.
pub(crate) struct Mess {
    pub(crate) company: Company,
    pub(crate) planted: Faults,
}

fn ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

/// Never on a whole minute, as hardly anything is that somebody clicked.
fn ahead(days: i64) -> Timestamp {
    let minute = Timestamp::now().as_second() / 60 * 60;
    let moment = Timestamp::from_second(minute + 42).expect("a moment");
    moment + SignedDuration::from_hours(24 * days)
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Mess {
    /// One approved request that was applied, and the mess around it.
    pub(crate) async fn new(version: Version, kind: Kind) -> Self {
        let company = Company::with_database(version, kind).await;
        company.write(
            "requests/2026/PAY-1.yaml",
            "for: fanlichun\nreason: refunds\nuntil: 2099-01-01\nservers:\n  - login: app\n    \
             assets: [pay-web-01]\ndatabases:\n  - instance: orders-prod\n    level: r\n    \
             tables: [orders.*]\n",
        );
        company.write("people/wangfang.yaml", "name: 王芳\nleft: 2026-01-31\n");
        company.merge("Let fanlichun reconcile refunds (#1)");
        company.run(&["apply", "--yes"]).await.expect(0);
        let mut mess = Self { company, planted: Faults::new() };
        mess.jumpserver();
        mess.database(kind).await;
        mess
    }

    fn plant(&mut self, kind: &str, name: &str, codes: &[&str]) {
        let codes = codes.iter().map(|code| format!("JG{code}")).collect();
        self.planted.insert((kind.to_owned(), name.to_owned()), codes);
    }

    fn permission(&mut self, permission: NewPermission, codes: &[&str]) {
        if !codes.is_empty() {
            self.plant("permission", &permission.name, codes);
        }
        self.company.jumpserver.add_permission(permission);
    }

    fn user(&mut self, user: NewUser, codes: &[&str]) {
        if !codes.is_empty() {
            self.plant("user", &user.username, codes);
        }
        self.company.jumpserver.add_user(user);
    }

    fn jumpserver(&mut self) {
        let recent = Some(ago(3));
        self.user(NewUser { last_login: recent, ..NewUser::named("fanlichun") }, &[]);
        let liwei = NewUser {
            last_login: Some(ago(200)),
            groups: texts(&["dba"]),
            ..NewUser::named("liwei")
        };
        self.user(liwei, &["333"]);
        self.user(NewUser { last_login: recent, ..NewUser::named("wangfang") }, &["330"]);
        let zhouqiang = NewUser { date_joined: Some(ago(100)), ..NewUser::named("zhouqiang") };
        self.user(zhouqiang, &["331", "332"]);
        self.user(NewUser { disabled: true, ..NewUser::named("switched-off") }, &[]);
        self.user(NewUser { date_joined: Some(ago(400)), ..NewUser::named("elsewhere") }, &[]);
        self.plant("user", "admin", &["334"]);
        // JumpServer's own role for administrators of an organization.
        let roles = vec!["00000000-0000-0000-0000-000000000005".parse().expect("an id")];
        self.user(NewUser { roles, ..NewUser::named("org-admin") }, &["334"]);

        let hosts = format!("{}/payments/prod", self.company.root);
        let root = self.company.root.to_owned();
        let jumpserver = &self.company.jumpserver;
        jumpserver.add_asset(NewAsset::host("hr-01", "10.2.0.1").below(&format!("{root}/hr")));
        jumpserver.add_account("hr-01", "root", Some("x"));
        let stale = |username: &str| NewAccount {
            username: username.to_owned(),
            secret: Some("x".into()),
            date_updated: Some(ago(300)),
            ..NewAccount::default()
        };
        jumpserver.add_account_with("hr-01", stale("app"));
        jumpserver.add_account_with("pay-web-02", stale("root"));
        jumpserver.add_account_with("orders-prod", stale("shop_rw"));
        jumpserver.add_account("orders-prod", "alone", Some("x"));
        self.plant("asset-account", "root on pay-web-02", &["341"]);
        self.plant("asset-account", "shop_rw on orders-prod", &["340", "341"]);
        let connect = || Some(texts(&["connect"]));
        let soon = Some(ahead(30));
        let of = |name: &str| NewPermission {
            name: name.to_owned(),
            actions: connect(),
            date_expired: soon,
            ..NewPermission::default()
        };
        // As the forked ticket page makes them: no end, every action, a node.
        let forked = NewPermission {
            name: "fanlichun-superuser".into(),
            users: texts(&["fanlichun"]),
            nodes: vec![hosts],
            accounts: texts(&["root", "@SPEC"]),
            ..NewPermission::default()
        };
        self.permission(forked, &["300", "303", "304", "305"]);
        let group = NewPermission {
            user_groups: texts(&["dba"]),
            nodes: vec![root],
            accounts: texts(&["@ALL"]),
            ..of("dba everything")
        };
        self.permission(group, &["300", "301", "305", "306"]);
        let any = NewPermission {
            users: texts(&["liwei", "switched-off"]),
            assets: texts(&["pay-web-01"]),
            accounts: texts(&["@INPUT", "@USER"]),
            ..of("any password")
        };
        self.permission(any, &["300", "302"]);
        let shared = NewPermission {
            users: texts(&["fanlichun", "zhouqiang"]),
            assets: texts(&["orders-prod"]),
            accounts: texts(&["shop_rw"]),
            ..of("shop")
        };
        self.permission(shared, &["300"]);
        let copy = NewPermission {
            users: texts(&["fanlichun"]),
            assets: texts(&["pay-web-02"]),
            accounts: texts(&["app"]),
            labels: texts(&["jumpgate:acme"]),
            ..of("jump_app_fanlichun_copy")
        };
        self.permission(copy, &["300", "307"]);
        let other = NewPermission {
            users: texts(&["fanlichun"]),
            assets: texts(&["hr-01"]),
            accounts: texts(&["root"]),
            ..of("a person of git on a host that is not")
        };
        self.permission(other, &["300"]);
        // Doors that are shut, or none of ours.
        for shut in [
            NewPermission { date_expired: Some(ago(1)), ..of("ended") },
            NewPermission { inactive: true, ..of("off") },
            NewPermission { accounts: Vec::new(), ..of("no accounts") },
            NewPermission { actions: Some(Vec::new()), ..of("no actions") },
        ] {
            let accounts = if shut.name == "no accounts" { Vec::new() } else { texts(&["@ALL"]) };
            let users = texts(&["liwei"]);
            let assets = texts(&["pay-web-01"]);
            self.permission(NewPermission { accounts, users, assets, ..shut }, &[]);
        }
        let nobody = NewPermission {
            users: texts(&["switched-off"]),
            assets: texts(&["pay-web-01"]),
            accounts: texts(&["@ALL"]),
            ..of("nobody can log in")
        };
        self.permission(nobody, &[]);
        let elsewhere = NewPermission {
            users: texts(&["elsewhere"]),
            assets: texts(&["hr-01"]),
            accounts: texts(&["@ALL"]),
            ..of("neither people nor assets of git")
        };
        self.permission(elsewhere, &[]);
    }

    async fn database(&mut self, kind: Kind) {
        let server = self.company.server.take().expect("a server");
        self.accounts(&server).await;
        match kind.is_mysql() {
            true => self.only_mysql(&server).await,
            false => self.only_mariadb(&server).await,
        }
        // The accounts that the server came with.
        let roots = server.rows("SELECT User, Host FROM mysql.user WHERE User = 'root'").await;
        for row in &roots {
            let mut codes = vec!["310", "311", "313", "316", "320"];
            if roots.len() > 1 {
                codes.push("321");
            }
            // On MariaDB a role belongs to who made it.
            if !kind.is_mysql() && row[1] == "localhost" {
                codes.push("314");
            }
            self.plant("database-account", &format!("root@{}", row[1]), &codes);
        }
        self.plant("database-account", "admin@%", &["310", "311", "313", "317"]);
        self.company.server = Some(server);
    }

    /// What both servers can have.
    async fn accounts(&mut self, server: &Server) {
        server
            .run(
                "CREATE DATABASE pay_eu;\nCREATE DATABASE payxeu;\nCREATE DATABASE shop;\n\
                 CREATE TABLE shop.t (id INT)",
            )
            .await;
        let planted: [(&str, &str, &[&str], &[&str]); 13] = [
            ("legacy", "%", &["ALL ON *.* TO {} WITH GRANT OPTION"], &["310", "311", "313", "317"]),
            ("watcher", "10.%", &["PROCESS ON *.* TO {}"], &["310", "311"]),
            ("report", "10.%", &["SELECT ON `pay%`.* TO {}"], &["310", "312"]),
            ("under", "10.%", &["SELECT ON `pay_eu`.* TO {}"], &["310", "312"]),
            ("exact", "10.%", &[r"SELECT ON `pay\_eu`.* TO {}"], &["310"]),
            (
                "twice",
                "10.%",
                &["SELECT ON `pay%`.* TO {}", r"DELETE ON `pay\_eu`.* TO {}"],
                &["310", "312", "326"],
            ),
            ("hander", "10.%", &["SELECT ON billing.* TO {} WITH GRANT OPTION"], &["310", "313"]),
            ("plain", "10.%", &["SELECT ON billing.invoices TO {}"], &["310"]),
            ("shop_rw", "10.%", &["SELECT, INSERT ON orders.* TO {}"], &["310"]),
            (
                "lost",
                "10.%",
                &["SELECT ON missing.* TO {}", "SELECT ON shop.t TO {}"],
                &["310", "322"],
            ),
            ("jump_db_fanlichun_r", "%", &[], &["310", "317", "321"]),
            ("proxier", "10.%", &["PROXY ON plain@`10.%` TO {}"], &["310", "320"]),
            ("ci", "10.%", &["app_rw TO {}", "ops TO {}"], &["310", "314"]),
        ];
        server.run("CREATE ROLE app_rw;\nCREATE ROLE ops").await;
        server.run("GRANT INSERT ON billing.* TO app_rw;\nGRANT SELECT ON `pay%`.* TO ops").await;
        self.plant("role", "ops", &["312"]);
        for (user, host, grants, codes) in planted {
            let name = format!("`{user}`@`{host}`");
            server.run(&format!("CREATE USER {name} IDENTIFIED BY 'Their-pass.1'")).await;
            for grant in grants {
                server.run(&format!("GRANT {}", grant.replace("{}", &name))).await;
            }
            self.plant("database-account", &format!("{user}@{host}"), codes);
        }
        server.run("DROP TABLE shop.t;\nCREATE USER nopw@`10.%`;\nCREATE USER ''@`10.9.%`").await;
        self.plant("database-account", "nopw@10.%", &["310", "316"]);
        self.plant("database-account", "@10.9.%", &["310", "315", "316"]);
        server
            .run(
                "CREATE USER shut@`%` IDENTIFIED BY 'Their-pass.1' ACCOUNT LOCK;\n\
                 GRANT ALL ON *.* TO shut@`%`;\n\
                 INSERT INTO mysql.db (Host, Db, User, Select_priv) \
                 VALUES ('10.%', 'orders', 'ghost', 'Y');\n\
                 FLUSH PRIVILEGES;\n\
                 CREATE DEFINER = nobody@`10.%` VIEW shop.v AS SELECT 1 AS x;\n\
                 CREATE DEFINER = nobody@`10.%` PROCEDURE shop.p() SELECT 1",
            )
            .await;
        self.plant("leftover", "ghost@10.%", &["323"]);
        self.plant("definer", "nobody@10.%", &["324"]);
    }

    async fn only_mysql(&mut self, server: &Server) {
        server
            .run(
                "CREATE USER oldplug@`10.%` IDENTIFIED WITH sha256_password BY 'Their-pass.1';\n\
                 CREATE USER twopw@`10.%` IDENTIFIED BY 'Their-pass.1';\n\
                 ALTER USER twopw@`10.%` IDENTIFIED BY 'Their-pass.2' RETAIN CURRENT PASSWORD;\n\
                 CREATE USER stale@`10.%` IDENTIFIED BY 'Their-pass.1';\n\
                 UPDATE mysql.user SET password_last_changed = NOW() - INTERVAL 300 DAY \
                 WHERE User = 'stale';\n\
                 FLUSH PRIVILEGES;\n\
                 SET DEFAULT ROLE app_rw TO ci@`10.%`;\n\
                 CREATE ROLE everyone;\nGRANT SELECT ON billing.* TO everyone;\n\
                 SET GLOBAL mandatory_roles = 'everyone'",
            )
            .await;
        self.plant("database-account", "oldplug@10.%", &["310", "318"]);
        self.plant("database-account", "twopw@10.%", &["310", "319"]);
        self.plant("database-account", "stale@10.%", &["310", "341"]);
        self.plant("everybody", "the mandatory role everyone@%", &["325"]);
    }

    async fn only_mariadb(&mut self, server: &Server) {
        server
            .run(
                "CREATE USER stale@`10.%` IDENTIFIED BY 'Their-pass.1';\n\
                 UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.password_last_changed', \
                 UNIX_TIMESTAMP() - 300 * 86400) WHERE User = 'stale';\n\
                 FLUSH PRIVILEGES;\n\
                 SET DEFAULT ROLE app_rw FOR ci@`10.%`;\n\
                 GRANT SELECT ON billing.* TO PUBLIC",
            )
            .await;
        self.plant("database-account", "stale@10.%", &["310", "341"]);
        self.plant("everybody", "PUBLIC", &["325"]);
    }
}
