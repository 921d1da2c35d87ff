//! A JumpServer below a path of its host.

use std::fs;

use jumpgate_sandbox::Version;

use crate::support::company::Company;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1: look at the logs\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
";

/// With the path everything works, with or without a slash at its end; without it nothing
/// is taken for an answer of JumpServer.
pub(super) async fn below(version: Version) {
    let company = Company::below(version, "/jump").await;
    company.write("requests/PAY-1.yaml", REQUEST);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);

    let settings = fs::read_to_string(company.dir().join("jumpgate.yaml")).expect("the settings");
    company.write("jumpgate.yaml", &settings.replace("/jump", "/jump/"));
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);

    for path in ["", "/jumps", "/jump/jump"] {
        company.write("jumpgate.yaml", &settings.replace("/jump", path));
        company.merge("another path");
        company.jumpserver.clear_requests();
        for args in [&["plan", "--format", "json"][..], &["apply", "--yes", "--format", "json"]] {
            let done = company.run(args).await.expect(1);
            assert_eq!(done.stdout, "");
            assert!(
                done.stderr.contains("there is no such address on this server"),
                "{path}: {}",
                done.stderr
            );
            assert!(
                done.stderr.contains("check jumpserver.url (with a path prefix"),
                "{}",
                done.stderr
            );
        }
        assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));
    }
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
}
