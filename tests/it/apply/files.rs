//! The files that an apply leaves behind.

use jumpgate_sandbox::Version;

use crate::support::company::Company;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_written_stops_it_before_anything_is_done() {
    let company = Company::with_hosts(Version::V4).await;
    company.write(
        "requests/PAY-1234.yaml",
        "for: fanlichun\nreason: \"PAY-1234: logs\"\nuntil: 2027-02-28\nservers: [{ login: app, assets: [pay-web-01] }]\n",
    );
    company.merge("logs for fanlichun");
    company.jumpserver.clear_requests();
    let path = |name: &str| company.dir().join(name).to_str().expect("UTF-8").to_owned();
    let (nowhere, folder) = (path("nowhere/last"), path("people"));
    let last = path(".git/last");
    for flag in ["--result-file", "--metrics-file"] {
        for wrong in [&nowhere, &folder] {
            let done = company.run(&["apply", "--yes", flag, wrong]).await.expect(1);
            assert!(
                done.stderr.contains(&format!("{wrong} cannot be written: ")),
                "{}",
                done.stderr
            );
            assert!(company.jumpserver.requests().is_empty(), "nothing is asked: {flag} {wrong}");
        }
    }
    // A run that stops for the one still tells so by the other.
    let both = ["apply", "--yes", "--result-file", &nowhere, "--metrics-file", &last];
    company.run(&both).await.expect(1);
    let metrics = std::fs::read_to_string(&last).expect("the metrics");
    assert!(metrics.contains("jumpgate_last_run_exit_code 1"), "{metrics}");
    // To try it does not touch what is there: a run without a result leaves it as it is.
    company.write("policy.yaml", "environments: []\n");
    company.merge("broken");
    company.run(&["apply", "--yes", "--result-file", &last]).await.expect(3);
    assert_eq!(std::fs::read_to_string(&last).expect("it is there"), metrics);
    let beside = std::fs::read_dir(company.dir().join(".git")).expect("a folder");
    let beside = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(beside.filter(|name| name.starts_with("last")).count(), 1, "nothing is left");
}
