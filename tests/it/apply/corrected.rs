//! The file of a person named another user than it should have.

use jumpgate_sandbox::{NewUser, Version};

use crate::support::company::Company;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: look at the logs\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
";

#[tokio::test(flavor = "multi_thread")]
async fn the_right_user_gets_what_the_wrong_one_had() {
    for version in [Version::V3, Version::V4] {
        let company = Company::with_hosts(version).await;
        let right = company.jumpserver.add_user(NewUser::named("zhaomin"));
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("logs for fanlichun");
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);

        // Without a word that it is meant the wrong one goes, and nobody gets anything.
        company.write("people/fanlichun.yaml", "name: 范立春\njumpserver: zhaomin\n");
        company.merge("another user");
        let stopped = company.run(&["apply", "--yes"]).await.expect(5);
        assert!(stopped.stdout.contains("JG206"), "{}", stopped.stdout);
        for user in ["fanlichun", "zhaomin"] {
            assert_eq!(company.jumpserver.usable_accounts(user, "pay-web-01"), [""; 0]);
        }
        let text = format!("name: 范立春\njumpserver: zhaomin\njumpserver-id: {right}\n");
        company.write("people/fanlichun.yaml", &text);
        company.merge("it is meant");
        is_given(&company, "zhaomin").await;

        // And back, in one apply: the wrong one is out before the right one is in.
        let wrong = company.jumpserver.add_user(NewUser::named("qianli"));
        let text = format!("name: 范立春\njumpserver: qianli\njumpserver-id: {wrong}\n");
        company.write("people/fanlichun.yaml", &text);
        company.merge("and another one");
        is_given(&company, "qianli").await;
        assert_eq!(company.jumpserver.usable_accounts("zhaomin", "pay-web-01"), [""; 0]);
    }
}

/// Applies, and looks whether a user has it, by the words of its comment too.
async fn is_given(company: &Company, user: &str) {
    company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(company.jumpserver.usable_accounts(user, "pay-web-01"), ["app"]);
    let permission = company.jumpserver.permission("jump_app_fanlichun_20270228");
    let comment = permission.expect("the permission").comment;
    assert!(comment.starts_with(&format!("Made by jumpgate for {user} ")), "{comment}");
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}
