//! What cannot be adopted is left as it is, and not made twice.

use jumpgate_sandbox::{NewAccount, Version};

use super::*;

/// Plans and applies, and makes sure that nothing was written.
async fn left_alone(company: &Company, words: &str) {
    let shown = plan(company, 5).await;
    assert!(shown.contains("JG262"), "{shown}");
    assert!(shown.contains(words), "{words}\n{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_others_need() {
    let company = mess(Version::V3, Kind::Mysql9).await;
    let node = format!("{}/payments/prod", company.root);
    let old = company.jumpserver.permission("fanlichun-regularusers").expect("a permission");
    company.jumpserver.delete_permission(old.id);
    company.jumpserver.add_permission(NewPermission {
        users: texts(&["fanlichun", "liwei"]),
        nodes: vec![node],
        ..permission("fanlichun-regularusers", &["app"])
    });
    let before = powers(&company).await;
    merge(&company, REQUEST);
    left_alone(&company, "liwei would lose what it gives").await;
    company.run(&["apply", "--yes"]).await.expect(5);
    assert_eq!(powers(&company).await, before);
    assert!(company.jumpserver.permission("jump_app_fanlichun").is_none(), "not made twice");
    // The rest of the request was adopted.
    assert!(company.jumpserver.permission("fanlichun-db").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_could_not_be_kept() {
    let company = mess(Version::V4, Kind::Mysql9).await;
    merge(&company, REQUEST);
    let name = format!("'{ACCOUNT}'@'127.0.0.1'");
    let moved = format!("'{ACCOUNT}'@'%'");
    for (broken, mended, words) in [
        (
            format!("ALTER USER {name} ACCOUNT LOCK"),
            format!("ALTER USER {name} ACCOUNT UNLOCK"),
            "it is locked",
        ),
        (
            format!("GRANT PROCESS ON *.* TO {name}"),
            format!("REVOKE PROCESS ON *.* FROM {name}"),
            "PROCESS on *.*",
        ),
        (
            format!("CREATE ROLE ops;\nGRANT ops TO {name}"),
            "DROP ROLE ops".to_owned(),
            "the role ops@%",
        ),
        (
            format!("RENAME USER {name} TO {moved}"),
            format!("RENAME USER {moved} TO {name}"),
            "the server has jump_md_fanlichun_r@%, and `account-host` of orders-prod is 127.0.0.1",
        ),
    ] {
        server(&company).run(&broken).await;
        left_alone(&company, words).await;
        server(&company).run(&mended).await;
    }
    let stored = company.jumpserver.accounts();
    let stored = stored.into_iter().find(|account| account.username == ACCOUNT).expect("it stands");
    company.jumpserver.delete_account(stored.id);
    left_alone(&company, "has no account of this name in JumpServer").await;
    let empty = NewAccount { username: ACCOUNT.to_owned(), ..NewAccount::default() };
    company.jumpserver.add_account_with("orders-prod", empty);
    left_alone(&company, "holds no password").await;
    let before = company.jumpserver.permissions().len();
    company.run(&["apply", "--yes"]).await.expect(5);
    assert!(server(&company).login(ACCOUNT, PASSWORD).await.is_ok());
    assert!(company.jumpserver.permissions().len() <= before + 2, "the anchor and a lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_a_foreign_permission_opens_to_others() {
    let company = mess(Version::V4, Kind::Mysql9).await;
    company.jumpserver.add_permission(NewPermission {
        users: texts(&["liwei"]),
        assets: texts(&["orders-prod"]),
        ..permission("everything", &["@ALL"])
    });
    let before = powers(&company).await;
    merge(&company, REQUEST);
    let shown = plan(&company, 5).await;
    assert!(shown.contains("JG219"), "{shown}");
    company.run(&["apply", "--yes"]).await.expect(5);
    assert_eq!(powers(&company).await, before);
}
