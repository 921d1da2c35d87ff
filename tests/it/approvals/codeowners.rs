//! `jumpgate codeowners`.

use super::repo::Repo;

#[test]
fn the_file_is_written_once_and_held_current() {
    let repo = Repo::new();
    repo.write(
        "inventory/databases/orders-prod.yaml",
        "address: db:3306\nasset: orders-prod\nenvironment: prod\nowners: [forge/acme/dba, zhaomin]\naccount-host: 10.8.0.%\n",
    );
    let check = ["codeowners", "--check"];
    assert_eq!(repo.alone(&check).code, 2);
    let printed = repo.alone(&["codeowners"]).expect(0).stdout;
    insta::assert_snapshot!(printed);
    repo.write(".github/CODEOWNERS", "/docs/ @acme/writers\n");
    repo.alone(&["codeowners", "--write"]).expect(0);
    let written = repo.read(".github/CODEOWNERS");
    assert_eq!(written, format!("/docs/ @acme/writers\n\n{printed}"));
    repo.alone(&["codeowners", "--write"]).expect(0);
    assert_eq!(repo.read(".github/CODEOWNERS"), written);
    repo.alone(&check).expect(0);
    // Who joins a team joins the file, and what others wrote behind our part stays.
    repo.write(".github/CODEOWNERS", &format!("{written}/extra/ @zhaomin\n"));
    repo.write("teams/payments.yaml", "members: [liwei, wangfang, fanlichun]\n");
    let stale = repo.alone(&check).expect(2);
    assert!(stale.stderr.contains("is out of date"), "{}", stale.stderr);
    repo.alone(&["codeowners", "--write"]).expect(0);
    let written = repo.read(".github/CODEOWNERS");
    assert!(written.contains("@fanlc") && written.ends_with("/extra/ @zhaomin\n"), "{written}");
}

#[test]
fn gitea_wants_expressions_and_rules_have_owners() {
    let repo = Repo::new();
    repo.write(
        "policy.yaml",
        "environments: [prod]\nowners: [zhaomin]\nlimits:\n  - { when: {}, approvals: 1 }\n",
    );
    repo.write("people/wangfang.yaml", "name: wangfang\n");
    let done = repo.alone(&["codeowners", "--forge", "gitea"]).expect(0);
    insta::assert_snapshot!(done.stdout);
    assert_eq!(
        done.stderr,
        "warning: wangfang owns something and has no name at the forge: add `forge:` to \
         people/wangfang.yaml\n"
    );
    repo.alone(&["codeowners", "--forge", "gitee"]).expect(1);
}
