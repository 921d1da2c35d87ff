//! Adopting what stands, and changing it afterwards.

use jumpgate::mark::{HandoverState, Mark};
use jumpgate_sandbox::Version;

use super::*;
use crate::support::servers::refused;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gains_or_loses_anything() {
    for (version, kind) in SYSTEMS {
        let company = mess(version, kind).await;
        let (before, stood) = (powers(&company).await, company.jumpserver.permissions());
        merge(&company, REQUEST);
        let shown = plan(&company, 2).await;
        for words in [
            "adopts fanlichun-regularusers: nobody gains or loses anything",
            "adopts fanlichun-db: nobody gains or loses anything",
            "adopts the account as it stands: the same password, the same grants",
            "Plan: 0 to add, 3 to change, 0 to end",
        ] {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
        server(&company).log_statements().await;
        company.jumpserver.clear_requests();
        company.run(&["apply", "--yes"]).await.expect(0);

        // One statement at most, which says whose it is; and one request for each object.
        let changes = server(&company).changes().await;
        match kind.is_mysql() {
            true => assert!(
                matches!(changes.as_slice(), [only] if only.contains("ATTRIBUTE")),
                "{changes:#?}"
            ),
            false => assert_eq!(changes, [""; 0]),
        }
        let writes = company.jumpserver.requests().into_iter().filter(|request| !request.is_read());
        let ours = |path: &str| !path.contains("asset-permissions") || path.contains('-');
        let patched = writes.filter(|request| request.method == "PATCH" && ours(&request.path));
        let ids: Vec<_> = stood.iter().map(|permission| permission.id.to_string()).collect();
        let on_ids = patched.filter(|request| {
            request.path.contains("accounts/accounts")
                || ids.iter().any(|id| request.path.contains(id))
        });
        assert_eq!(on_ids.count(), 3);

        assert_eq!(powers(&company).await, before, "{version:?} {kind:?}");
        for (was, is) in [
            ("fanlichun-regularusers", "jump_app_fanlichun"),
            ("fanlichun-db", "jump_db_fanlichun_r@jump_md_fanlichun_r"),
        ] {
            let was = stood.iter().find(|permission| permission.name == was).expect("it stood");
            let is = company.jumpserver.permission(is).expect("it stands");
            assert_eq!(is.id, was.id);
            assert_eq!(Mark::parse(&is.comment).map(|mark| mark.id), Some(is.id));
            let mut labels = is.labels.clone();
            labels.sort();
            assert_eq!(labels, ["jumpgate:acme", "team:payments"]);
        }
        let account = account(&company);
        let handover = Mark::parse(&account.comment).and_then(|mark| mark.handover);
        assert_eq!(handover.map(|handover| handover.state), Some(HandoverState::Done));

        // From now on it is as everything of ours: the second run has nothing to do.
        let shown = plan(&company, 0).await;
        assert!(shown.contains("No changes"), "{shown}");
        server(&company).log_statements().await;
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(server(&company).changes().await, [""; 0]);
    }
}

/// The adopted account in JumpServer.
fn account(company: &Company) -> jumpgate_sandbox::AccountView {
    let accounts = company.jumpserver.accounts();
    accounts.into_iter().find(|account| account.username == ACCOUNT).expect("the account")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_account_is_changed_renewed_and_ended_as_any_other() {
    for (version, kind) in [(Version::V3, Kind::Mariadb1011), (Version::V4, Kind::Mysql9)] {
        let company = mess(version, kind).await;
        merge(&company, REQUEST);
        company.run(&["apply", "--yes"]).await.expect(0);

        // More is granted to the account that stands, with its password.
        merge(&company, &REQUEST.replace("billing.invoices]", "billing.*]"));
        company.run(&["apply", "--yes", "--allow-removals", "1"]).await.expect(0);
        let mut session = server(&company).login(ACCOUNT, PASSWORD).await.expect("a login");
        let query = mysql_async::prelude::Queryable::query_drop(
            &mut session,
            "SELECT 1 FROM billing.cards",
        );
        query.await.expect("it reads more");
        drop(session);

        // Only rotate gives it a password of its own.
        company.run(&["rotate", "--all", "--yes"]).await.expect(0);
        assert!(server(&company).login(ACCOUNT, PASSWORD).await.is_err(), "the old one is refused");
        let held = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
        let mut session = server(&company).login(ACCOUNT, &held).await.expect("the new one works");
        // He could before; where the server can, nobody changes a password of ours by himself.
        if kind.is_mysql() {
            let own = "ALTER USER USER() IDENTIFIED BY 'Mine-alone.1'";
            assert_eq!(refused(&mut session, own).await, 3892);
        }
        drop(session);
        plan(&company, 0).await;

        // When the file is gone, no line names the account any more, and it goes all the same.
        company.remove("requests/as-it-is.yaml");
        company.merge("no more");
        company.run(&["apply", "--yes", "--allow-removals", "3"]).await.expect(0);
        let left = format!("SELECT User FROM mysql.user WHERE User = '{ACCOUNT}'");
        assert!(server(&company).rows(&left).await.is_empty());
        assert!(company.jumpserver.accounts().iter().all(|account| account.username != ACCOUNT));
        assert!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_shown_and_changed() {
    let company = mess(Version::V4, Kind::Mysql9).await;
    server(&company)
        .run(&format!("GRANT DELETE ON billing.* TO '{ACCOUNT}'@'127.0.0.1' WITH GRANT OPTION"))
        .await;
    merge(&company, REQUEST);
    let shown = plan(&company, 2).await;
    assert!(shown.contains("the same password, and these grants change"), "{shown}");
    assert!(shown.contains("loses DELETE, GRANT OPTION on billing.*"), "{shown}");
    company.run(&["apply", "--yes", "--allow-removals", "1"]).await.expect(0);
    plan(&company, 0).await;
    let grants = server(&company).rows(&format!("SHOW GRANTS FOR '{ACCOUNT}'@'127.0.0.1'")).await;
    assert!(!format!("{grants:?}").contains("DELETE"), "{grants:?}");
    server(&company).login(ACCOUNT, PASSWORD).await.expect("the same password");
}
