//! Giving back what was adopted, and what jumpgate made.

use jumpgate_sandbox::Version;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn adopted_and_released_it_is_foreign_again() {
    for (version, kind) in SYSTEMS {
        let company = mess(version, kind).await;
        let before = powers(&company).await;
        merge(&company, REQUEST);
        company.run(&["apply", "--yes"]).await.expect(0);
        let done = company.run(&["release", "as-it-is"]).await.expect(0);
        assert!(done.stdout.contains("JG267"), "{}", done.stdout);
        company.merge("give it back");
        let shown = plan(&company, 2).await;
        assert!(shown.contains("is released as it is: nobody gains or loses anything"), "{shown}");
        assert!(shown.contains("is called fanlichun-db again"), "{shown}");
        company.run(&["apply", "--yes"]).await.expect(0);

        assert_eq!(powers(&company).await, before, "{version:?} {kind:?}");
        let names: Vec<String> =
            company.jumpserver.permissions().into_iter().map(|row| row.name).collect();
        for name in ["fanlichun-regularusers", "fanlichun-db"] {
            assert!(names.iter().any(|there| there == name), "{names:?}");
        }
        for row in company.jumpserver.permissions() {
            assert!(row.name.contains("jump-") || row.labels == ["team:payments"], "{row:?}");
        }
        for row in company.jumpserver.accounts() {
            assert!(row.labels.is_empty() && row.comment.is_empty(), "{row:?}");
        }
        if kind.is_mysql() {
            let marked = "SELECT COUNT(*) FROM mysql.user WHERE User_attributes LIKE '%jumpgate%'";
            assert_eq!(server(&company).rows(marked).await, [["0"]]);
        }
        // Applying again changes nothing, and then the file may go.
        server(&company).log_statements().await;
        plan(&company, 0).await;
        company.remove("requests/as-it-is.yaml");
        company.merge("done");
        plan(&company, 0).await;
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(server(&company).changes().await, [""; 0]);
        assert_eq!(powers(&company).await, before);
        // It can be adopted again.
        merge(&company, REQUEST);
        company.run(&["apply", "--yes"]).await.expect(0);
        plan(&company, 0).await;
        assert_eq!(powers(&company).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jumpgate_made_is_released_with_its_password() {
    let company = Company::with_database(Version::V4, Kind::Mysql9).await;
    company.write(
        "requests/as-it-is.yaml",
        "for: fanlichun\nreason: x\nuntil: 2027-02-28  # a day\ndatabases:\n  - instance: \
         orders-prod\n    level: r\n    tables: [orders.*]\n",
    );
    company.merge("orders");
    company.run(&["apply", "--yes"]).await.expect(0);
    let held = company.jumpserver.secret("orders-prod", "jump_db_fanlichun_r").expect("a password");
    company.run(&["release", "requests/as-it-is.yaml"]).await.expect(0);
    let text = std::fs::read_to_string(company.dir().join("requests/as-it-is.yaml")).expect("text");
    assert!(text.contains("until: 2027-02-28  # a day\nrelease: true\n"), "{text}");
    company.merge("give it back");
    company.run(&["apply", "--yes"]).await.expect(0);
    plan(&company, 0).await;
    server(&company).login("jump_db_fanlichun_r", &held).await.expect("the password stays");
    assert!(company.jumpserver.permission("jump_db_fanlichun_r_20270228").is_some());
}
