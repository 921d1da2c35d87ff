//! What another hand gave to an account of ours, and the login that applies cannot take back:
//! all that it can take away goes all the same, and nothing new is given.

use jumpgate_sandbox::Version;
use mysql_async::prelude::Queryable;

use super::{LOGIN, PASSWORD, apply_with_few_rights as apply};
use crate::support::company::{Company, Done, folded};
use crate::support::servers::{Kind, Server, refused};

const SERVERS: [Kind; 2] = [Kind::Mysql9, Kind::Mariadb118];
const ACCOUNT: &str = "jump_db_fanlichun_r";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.invoices
";

/// What that login cannot take back, and what goes with it.
const BY_HAND: &str = "GRANT analysts TO 'HIS'@'127.0.0.1';\n\
    GRANT PROCESS ON *.* TO 'HIS'@'127.0.0.1';\n\
    GRANT SELECT ON hr.* TO 'HIS'@'127.0.0.1'";

fn server(company: &Company) -> &Server {
    company.server.as_ref().expect("a server")
}

/// The company with a request that is applied by a login with the rights that it needs.
async fn applied(kind: Kind) -> Company {
    let company = Company::with_database(Version::V4, kind).await;
    server(&company)
        .run(
            "CREATE DATABASE hr;\nCREATE TABLE hr.staff (id INT);\nCREATE ROLE analysts;\n\
             GRANT analysts TO admin@'%' WITH ADMIN OPTION",
        )
        .await;
    let instance = company.instance(server(&company).port);
    let instance = format!("{instance}databases: [orders, billing]\n");
    company.write("inventory/databases/orders-prod.yaml", &instance);
    company.make_login(LOGIN, PASSWORD).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    apply(&company).await.expect(0);
    company
}

async fn by_hand(company: &Company, statements: &str) {
    server(company).run(&statements.replace("HIS", ACCOUNT)).await;
}

/// The output, in one line.
fn text(done: &Done) -> String {
    folded(&format!("{} {}", done.stdout, done.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_within_an_account_goes_beside_what_cannot_be_taken_back() {
    for kind in SERVERS {
        let company = applied(kind).await;
        by_hand(&company, BY_HAND).await;
        let mut open = company.login(ACCOUNT).await.expect("it works");
        assert_eq!(refused(&mut open, "USE orders").await, 0);
        let narrower = REQUEST.replace("      - orders.*\n", "      - billing.cards\n");
        company.write("requests/PAY-1234.yaml", &narrower);
        company.merge("cards instead of orders");
        let done = apply(&company).await.expect(5);
        for words in ["the role analysts", "PROCESS on *.*", "SELECT on hr.*", "administrator"] {
            assert!(text(&done).contains(words), "{kind:?}: {words}: {}", text(&done));
        }
        assert!(open.query_drop("SELECT 1").await.is_err(), "{kind:?}: its session is ended");
        let mut open = company.login(ACCOUNT).await.expect("it works");
        assert_eq!(refused(&mut open, "SELECT * FROM orders.items").await, 1142, "{kind:?}");
        assert_eq!(refused(&mut open, "SELECT * FROM billing.invoices").await, 0, "{kind:?}");
        assert_eq!(refused(&mut open, "SELECT * FROM billing.cards").await, 1142, "{kind:?}");

        // A run that can take nothing away disturbs nobody.
        apply(&company).await.expect(5);
        assert_eq!(refused(&mut open, "SELECT * FROM billing.invoices").await, 0, "{kind:?}");

        // With rights to take it back everything comes to its end.
        company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(0);
        let mut open = company.login(ACCOUNT).await.expect("it works");
        assert_eq!(refused(&mut open, "SELECT * FROM hr.staff").await, 1142, "{kind:?}");
        assert_eq!(refused(&mut open, "SELECT * FROM billing.cards").await, 0, "{kind:?}");
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_ends_with_what_cannot_be_taken_back() {
    for kind in SERVERS {
        let company = applied(kind).await;
        by_hand(&company, BY_HAND).await;
        let mut open = company.login(ACCOUNT).await.expect("it works");
        company.remove("requests/PAY-1234.yaml");
        company.merge("done");
        apply(&company).await.expect(0);
        assert!(open.query_drop("SELECT 1").await.is_err(), "{kind:?}: its session is ended");
        let query = format!("SELECT User FROM mysql.user WHERE User = '{ACCOUNT}'");
        assert!(server(&company).rows(&query).await.is_empty(), "{kind:?}");
        assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_another_hand_goes_beside_what_cannot_be_taken_back() {
    for kind in SERVERS {
        let company = applied(kind).await;
        // The time of the change has whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let password = "ALTER USER 'HIS'@'127.0.0.1' IDENTIFIED BY 'My-own.password1'";
        by_hand(&company, &format!("{BY_HAND};\n{password}")).await;
        let mut open = server(&company).login(ACCOUNT, "My-own.password1").await.expect("a login");
        let done = apply(&company).await.expect(5);
        assert!(text(&done).contains("the role analysts"), "{kind:?}: {}", text(&done));
        assert!(open.query_drop("SELECT 1").await.is_err(), "{kind:?}: its session is ended");
        assert!(server(&company).login(ACCOUNT, "My-own.password1").await.is_err(), "{kind:?}");
        let mut open = company.login(ACCOUNT).await.expect("it works");
        apply(&company).await.expect(5);
        assert_eq!(refused(&mut open, "SELECT * FROM billing.invoices").await, 0, "{kind:?}");
        company.login(ACCOUNT).await.expect("it works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_hides_a_pattern_stays_with_it() {
    for kind in SERVERS {
        let company = applied(kind).await;
        by_hand(&company, "GRANT INSERT ON `order%`.* TO 'HIS'@'127.0.0.1'").await;
        company.write("requests/PAY-1234.yaml", &REQUEST.replace("      - orders.*\n", ""));
        company.merge("orders is not needed");
        let done = apply(&company).await.expect(5);
        assert!(
            text(&done).contains("stays with jump_db_fanlichun_r"),
            "{kind:?}: {}",
            text(&done)
        );
        let mut open = company.login(ACCOUNT).await.expect("it works");
        let insert = "INSERT INTO orders.items VALUES (2, 'b')";
        assert_eq!(refused(&mut open, insert).await, 1142, "{kind:?}");
        company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(0);
        let mut open = company.login(ACCOUNT).await.expect("it works");
        for query in [insert, "SELECT * FROM orders.items"] {
            assert_eq!(refused(&mut open, query).await, 1142, "{kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_locked_by_us_is_not_opened_with_what_cannot_be_taken_back() {
    for kind in SERVERS {
        let company = applied(kind).await;
        // An ending that was cut after the lock, and a role that came meanwhile.
        let accounts = company.jumpserver.accounts();
        let account = accounts.iter().find(|account| account.username == ACCOUNT).expect("ours");
        let mut mark = jumpgate::mark::Mark::parse(&account.comment).expect("a mark");
        mark.handover.as_mut().expect("a handover").state = jumpgate::mark::HandoverState::Ending;
        company.jumpserver.set_account_comment(account.id, &mark.comment("x"));
        let lock = "ALTER USER 'HIS'@'127.0.0.1' ACCOUNT LOCK";
        by_hand(&company, &format!("{lock};\nGRANT analysts TO 'HIS'@'127.0.0.1'")).await;
        for _ in 0..2 {
            apply(&company).await.expect(5);
            let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
            assert!(server(&company).login(ACCOUNT, &secret).await.is_err(), "{kind:?}");
        }
        by_hand(&company, "REVOKE analysts FROM 'HIS'@'127.0.0.1'").await;
        apply(&company).await.expect(0);
        company.login(ACCOUNT).await.expect("it works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_given_keeps_nothing_alive_and_no_password_changes_again() {
    for kind in SERVERS {
        let company = applied(kind).await;
        let instance = company.instance(server(&company).port);
        let instance = format!("{instance}databases: [orders, billing, hr]\n");
        company.write("inventory/databases/orders-prod.yaml", &instance);
        let mut open = company.login(ACCOUNT).await.expect("it works");
        assert_eq!(refused(&mut open, "USE orders").await, 0);
        company.write("requests/PAY-1234.yaml", &REQUEST.replace("- orders.*", "- hr.*"));
        let other = REQUEST.replace("fanlichun", "liwei").replace("- orders.*", "- hr.*");
        company.write("requests/PAY-5678.yaml", &other);
        company.merge("hr instead of orders, and for liwei");
        let done = apply(&company).await.expect(5);
        assert!(
            text(&done).contains("refused to grant SELECT on hr.*"),
            "{kind:?}: {}",
            text(&done)
        );
        assert!(open.query_drop("SELECT 1").await.is_err(), "{kind:?}: its session is ended");
        let mut open = company.login(ACCOUNT).await.expect("it works");
        assert_eq!(refused(&mut open, "SELECT * FROM orders.items").await, 1142, "{kind:?}");
        let secret = || company.jumpserver.secret("orders-prod", "jump_db_liwei_r");
        let before = secret().expect("a password");
        apply(&company).await.expect(5);
        assert_eq!(secret().as_ref(), Some(&before), "{kind:?}");
        let mut other = server(&company).login("jump_db_liwei_r", &before).await.expect("a login");
        assert_eq!(refused(&mut other, "SELECT * FROM billing.invoices").await, 0, "{kind:?}");
        assert_eq!(refused(&mut open, "SELECT * FROM billing.invoices").await, 0, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_narrowed_is_opened_to_nobody_new() {
    for kind in SERVERS {
        let company = applied(kind).await;
        let server = server(&company);
        // One of ours to which another hand gave more, and one that liwei's request adopts.
        by_hand(&company, "GRANT DROP ON billing.* TO 'HIS'@'127.0.0.1'").await;
        server
            .run(
                "CREATE USER old_z2@`127.0.0.1` IDENTIFIED BY 'Their-pass.1';\n\
                 GRANT SELECT, DROP, ALTER ON billing.* TO old_z2@`127.0.0.1`",
            )
            .await;
        company.jumpserver.add_account("orders-prod", "old_z2", Some("Their-pass.1"));
        let longer = REQUEST.replace("2027-02-28", "2027-03-31");
        company.write("requests/PAY-1234.yaml", &longer);
        company.write(
            "requests/as-it-is.yaml",
            "for: liwei\nreason: as it is today\ndatabases:\n  - instance: orders-prod\n    level: \
             r\n    tables: [billing.cards]\n    adopts: { account: old_z2 }\n",
        );
        company.merge("a month more, and the old account");
        // The guard stops at so many removals of so few.
        let plan = company.run(&["plan"]).await.expect(4);
        for words in ["JG269", "loses SELECT, DROP, ALTER on billing.*", "loses DROP on billing.*"]
        {
            assert!(text(&plan).contains(words), "{kind:?}: {words}: {}", text(&plan));
        }
        let (longer, before) = ("jump_db_fanlichun_r_20270331", "jump_db_fanlichun_r_20270228");
        let opened = |person: &str| company.jumpserver.usable_accounts(person, "orders-prod");
        for _ in 0..2 {
            let done = apply(&company).await.expect(5);
            assert!(text(&done).contains("old_z2 was not done"), "{kind:?}: {}", text(&done));
            assert_eq!(opened("liwei"), Vec::<String>::new(), "{kind:?}");
            assert!(company.jumpserver.permission(longer).is_none(), "{kind:?}");
            assert!(company.jumpserver.permission(before).is_some(), "{kind:?}");
        }
        // An administrator takes away what the login cannot.
        by_hand(&company, "REVOKE DROP ON billing.* FROM 'HIS'@'127.0.0.1'").await;
        server.run("REVOKE DROP, ALTER ON billing.* FROM old_z2@`127.0.0.1`").await;
        apply(&company).await.expect(0);
        assert_eq!(opened("liwei"), ["old_z2"], "{kind:?}");
        assert!(company.jumpserver.permission(longer).is_some(), "{kind:?}");
        assert!(company.jumpserver.permission(before).is_none(), "{kind:?}");
    }
}
