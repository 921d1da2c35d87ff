//! The company that half answers meet: access is live on both sides, and nothing is left to
//! do. What it stores can be compared byte for byte.

use std::path::Path;
use std::process::Command;

use jumpgate_sandbox::{NewAsset, Version};

use super::front::Front;
use crate::support::company::{Company, Done};
use crate::support::servers::{Kind, Server};

/// The login that applies, with the rights of `grants-needed` and no others.
pub(super) const LOGIN: &str = "gate";
const PASSWORD: &str = "Gate-pass.1";

/// Two people, hosts by node and by name, two levels: four permissions and two accounts.
const REQUESTS: [(&str, &str); 2] = [
    (
        "requests/PAY-1.yaml",
        "for: fanlichun\nreason: \"PAY-1: refunds\"\nuntil: 2027-02-28\n\
         servers: [{ login: app, nodes: [ROOT/payments/prod] }]\n\
         databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]\n",
    ),
    (
        "requests/PAY-2.yaml",
        "for: team/payments\nreason: \"PAY-2: invoices\"\nuntil: 2027-03-31\n\
         servers: [{ login: app, assets: [pay-web-01] }]\n\
         databases: [{ instance: orders-prod, level: rw, tables: [billing.invoices] }]\n",
    ),
];

/// A request that is merged and not applied yet: with it an apply has something to write.
pub(super) const PENDING: (&str, &str) = (
    "requests/PAY-3.yaml",
    "for: liwei\nreason: \"PAY-3: look\"\nuntil: 2027-04-30\n\
     servers: [{ login: app, assets: [pay-web-02] }]\n\
     databases: [{ instance: orders-prod, level: r, tables: [orders.items] }]\n",
);

/// The company, with a proxy before its JumpServer.
pub(super) struct Place {
    pub(super) company: Company,
    pub(super) front: Front,
    /// Another database server, on which nobody has anything; its CA is not trusted.
    pub(super) other: Server,
}

/// What both sides store.
#[derive(PartialEq, Eq)]
pub(super) struct Stored {
    /// Everything that JumpServer holds, counters and clocks of its rows included.
    jumpserver: String,
    /// The rows of the grant tables.
    tables: String,
    /// One line for each permission and account of JumpServer, leases and anchor left out.
    objects: Vec<String>,
}

impl Stored {
    /// Whether everything that stood there before stands there now, unchanged.
    pub(super) fn holds(&self, before: &Self) -> bool {
        let rows = before.tables.lines().all(|row| self.tables.lines().any(|now| now == row));
        rows && before.objects.iter().all(|object| self.objects.contains(object))
    }
}

impl Place {
    /// The company, with everything applied.
    pub(super) async fn new(version: Version, kind: Kind) -> Self {
        let company = Company::with_database(version, kind).await;
        let front = Front::start(company.jumpserver.port()).await;
        let node = format!("{}/payments/prod", company.root);
        company.jumpserver.add_node(&format!("{}/payments/test", company.root));
        company.jumpserver.add_asset(NewAsset::host("pay-web-03", "10.1.0.3").below(&node));
        for user in ["root", "backup", "replication"] {
            company.jumpserver.add_account("orders-prod", user, Some("secret of another hand"));
        }
        company.write(
            "jumpgate.yaml",
            &format!(
                "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  \
                 url: http://127.0.0.1:{}\n  organization: Default\n",
                front.port
            ),
        );
        let instance = company.instance(company.server.as_ref().expect("a server").port);
        // So that the login gets rights there, and no SELECT everywhere.
        company.write(
            "inventory/databases/orders-prod.yaml",
            &format!("{instance}databases: [orders, billing]\n"),
        );
        company.write("teams/payments.yaml", "members: [fanlichun, liwei]\n");
        for (path, text) in REQUESTS {
            company.write(path, &text.replace("ROOT", company.root));
        }
        company.merge("two requests");
        let other = Server::start(kind).await;
        let place = Self { company, front, other };
        place.company.make_login(LOGIN, PASSWORD).await;
        let done = place.run(&place.company.dir(), &["apply", "--yes"], &[]).await.expect(0);
        assert!(done.stdout.contains("read back: as written"), "{}", done.stdout);
        place.nothing_to_do().await;
        place
    }

    /// The database server.
    pub(super) fn server(&self) -> &Server {
        self.company.server.as_ref().expect("a server")
    }

    /// Whether it is MySQL.
    pub(super) fn is_mysql(&self) -> bool {
        self.server().kind.is_mysql()
    }

    /// Runs the command in a folder, with other variables of the environment.
    pub(super) async fn run(&self, dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Done {
        let mut command: Command = self.company.command(args);
        command
            .current_dir(dir)
            .env("JUMPGATE_MYSQL_USER", LOGIN)
            .env("JUMPGATE_MYSQL_PASSWORD", PASSWORD)
            .envs(env.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output());
        Done::of(output.await.expect("it ends").expect("the command runs"))
    }

    /// Makes sure that with whole answers there is nothing to do.
    pub(super) async fn nothing_to_do(&self) {
        self.front.begin(None);
        self.run(&self.company.dir(), &["plan", "--detailed-exitcode"], &[]).await.expect(0);
    }

    /// What both sides store now.
    pub(super) async fn stored(&self) -> Stored {
        let jumpserver = &self.company.jumpserver;
        let users = if self.is_mysql() { "user" } else { "global_priv" };
        let mut tables = String::new();
        for table in [users, "db", "tables_priv", "columns_priv"] {
            let query =
                format!("SELECT * FROM mysql.{table} WHERE User <> '{LOGIN}' ORDER BY 1, 2");
            for row in self.server().rows(&query).await {
                tables.push_str(&format!("{table} {row:?}\n"));
            }
        }
        let permissions = jumpserver.permissions().into_iter();
        let mut objects: Vec<String> = permissions
            .filter(|row| !row.name.contains("-lease-") && !row.name.contains("-anchor-"))
            .map(|row| format!("{row:?}"))
            .chain(jumpserver.accounts().into_iter().map(|row| {
                let secret = jumpserver.secret(&row.asset, &row.username);
                format!("{row:?} {secret:?}")
            }))
            .collect();
        objects.sort();
        Stored { jumpserver: format!("{:#?}", jumpserver.keep()), tables, objects }
    }
}
