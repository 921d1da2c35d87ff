//! What happens in a company, each as files before and after.

/// Files to write, or to remove where there is no text.
pub(super) type Files = &'static [(&'static str, Option<&'static str>)];

/// One scenario.
pub(super) struct Scenario {
    /// What it is called in the table.
    pub(super) name: &'static str,
    /// What is applied, uncut, before.
    pub(super) before: Files,
    /// What another hand does on the server then.
    pub(super) by_hand: &'static [&'static str],
    /// Whether another hand has made permissions and an account in JumpServer, for an account
    /// that stands on the server.
    pub(super) by_hand_in_jumpserver: bool,
    /// What is merged then, and whose apply is cut.
    pub(super) change: Files,
    /// What is cut.
    pub(super) command: &'static [&'static str],
    /// Whether access that does not change may fail for a moment.
    pub(super) interrupts: bool,
    /// Whether it may on a server that keeps no old password beside a new one.
    pub(super) new_password: bool,
    /// Whether the end called `SOON` has passed when the change is applied.
    pub(super) ends: bool,
}

/// The password that another hand sets.
pub(super) const BY_HAND: &str = "By-another-hand.1";

const BY_HAND_SET: &[&str] =
    &["ALTER USER 'jump_db_fanlichun_r'@'127.0.0.1' IDENTIFIED BY 'By-another-hand.1'"];

/// What another hand gives an account, and lets it hand on.
const BY_HAND_GIVEN: &[&str] =
    &["GRANT UPDATE ON orders.* TO 'jump_db_fanlichun_r'@'127.0.0.1' WITH GRANT OPTION"];

/// The account that another hand made, with the same password in JumpServer.
pub(super) const BY_HAND_ACCOUNT: &str = "jump_md_fanlichun_r";

const BY_HAND_MADE: &[&str] = &[
    "CREATE USER 'jump_md_fanlichun_r'@'127.0.0.1' IDENTIFIED BY 'By-another-hand.1'",
    "GRANT SELECT ON orders.* TO 'jump_md_fanlichun_r'@'127.0.0.1'",
    "GRANT SELECT ON `pay\\_roll`.* TO 'jump_md_fanlichun_r'@'127.0.0.1'",
];

/// What leads on after a cut, and what is cut but for one scenario.
pub(super) const APPLY: &[&str] = &["apply", "--yes"];

const REQUEST: &str = "requests/PAY-1.yaml";
const OTHER: &str = "requests/PAY-2.yaml";

pub(super) const NARROW: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables:
      - billing.cards(id, last4)
";

pub(super) const WIDE: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.cards(id, last4)
      - pay_roll.*
";

const LATER: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: 2027-03-31
servers: [{ login: app, assets: [pay-web-01] }]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.cards(id, last4)
      - pay_roll.*
";

const SOONER: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
from: 2026-11-01
until: 2026-12-31
servers: [{ login: app, assets: [pay-web-01, pay-web-02] }]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
";

const SOON: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: SOON
servers: [{ login: app, assets: [pay-web-01] }]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
";

const SECOND_SOON: &str = "for: fanlichun
reason: \"PAY-2: invoices\"
until: SOON
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.items
      - pay_roll.*
      - billing.invoices
";

const SECOND: &str = "for: fanlichun
reason: \"PAY-2: invoices\"
until: 2026-12-31
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.items
      - billing.invoices
";

const WRITES: &str = "for: fanlichun
reason: \"PAY-2: repairs\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: rw
    tables: [orders.*]
";

const WRITES_ELSEWHERE: &str = "for: fanlichun
reason: \"PAY-2: repairs\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: rw
    tables: [billing.invoices]
";

const EVERYWHERE: &str = "for: [fanlichun, liwei]
reason: \"PAY-1: refunds\"
until: 2027-02-28
databases:
  - instance: [orders-prod, orders-eu, orders-us]
    level: r
    tables: [orders.*]
";

const LESS_EVERYWHERE: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: 2027-02-28
databases:
  - instance: [orders-prod, orders-eu]
    level: r
    tables: [orders.items]
";

const RELEASED: &str = "for: fanlichun
reason: \"PAY-1: refunds\"
until: 2027-02-28
release: true
servers: [{ login: app, assets: [pay-web-01] }]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.cards(id, last4)
      - pay_roll.*
";

const ADOPTS: &str = "for: fanlichun
reason: \"PAY-1: as it is\"
servers:
  - { login: app, assets: [pay-web-01, pay-web-02], adopts: fanlichun-regularusers }
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*, pay_roll.*]
    adopts: { account: jump_md_fanlichun_r, permission: fanlichun-db }
";

const ADOPTS_LESS: &str = "for: fanlichun
reason: \"PAY-1: as it is\"
servers:
  - { login: app, assets: [pay-web-01], adopts: fanlichun-regularusers }
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*, billing.invoices]
    adopts: { account: jump_md_fanlichun_r, permission: fanlichun-db }
";

const LEFT: &str = "name: 范立春\nleft: 2026-11-01\n";

const OF_ANOTHER: &str = "name: 范立春\njumpserver: zhaomin\njumpserver-id: ZHAOMIN\n";

const MOVED: &str = "address: 127.0.0.1:PORT\nasset: orders-new\nenvironment: prod\n\
    owners: [liwei]\naccount-host: 127.0.0.1\ntls: { mode: off }\n";

const fn scenario(name: &'static str, before: Files, change: Files) -> Scenario {
    Scenario {
        name,
        before,
        by_hand: &[],
        by_hand_in_jumpserver: false,
        change,
        command: APPLY,
        interrupts: false,
        new_password: false,
        ends: false,
    }
}

/// Those that need one server.
pub(super) const ONE_SERVER: &[Scenario] = &[
    scenario("first grant", &[], &[(REQUEST, Some(WIDE))]),
    scenario(
        "person with two levels",
        &[(REQUEST, Some(WIDE)), (OTHER, Some(WRITES))],
        &[(REQUEST, Some(NARROW)), (OTHER, Some(WRITES_ELSEWHERE))],
    ),
    scenario("leaver", &[(REQUEST, Some(WIDE))], &[("people/fanlichun.yaml", Some(LEFT))]),
    scenario("narrowed scope", &[(REQUEST, Some(WIDE))], &[(REQUEST, Some(NARROW))]),
    scenario("added level", &[(REQUEST, Some(WIDE))], &[(OTHER, Some(WRITES))]),
    scenario("widened scope", &[(REQUEST, Some(NARROW))], &[(REQUEST, Some(WIDE))]),
    scenario("changed period", &[(REQUEST, Some(WIDE))], &[(REQUEST, Some(SOONER))]),
    scenario("renewed before its end", &[(REQUEST, Some(WIDE))], &[(REQUEST, Some(LATER))]),
    scenario(
        "one of two requests ended",
        &[(REQUEST, Some(WIDE)), (OTHER, Some(SECOND))],
        &[(OTHER, None)],
    ),
    scenario("removed request", &[(REQUEST, Some(WIDE))], &[(REQUEST, None)]),
    Scenario {
        interrupts: true,
        by_hand: BY_HAND_SET,
        ..scenario("password by another hand", &[(REQUEST, Some(WIDE))], &[])
    },
    Scenario {
        interrupts: true,
        ..scenario(
            "another asset",
            &[(REQUEST, Some(WIDE))],
            &[("inventory/databases/orders-prod.yaml", Some(MOVED))],
        )
    },
    Scenario {
        by_hand: BY_HAND_GIVEN,
        ..scenario("more for one who hands on", &[(REQUEST, Some(WIDE))], &[(OTHER, Some(SECOND))])
    },
    scenario(
        "corrected user",
        &[(REQUEST, Some(WIDE))],
        &[("people/fanlichun.yaml", Some(OF_ANOTHER))],
    ),
    scenario(
        "corrected user, renewed",
        &[(REQUEST, Some(WIDE))],
        &[("people/fanlichun.yaml", Some(OF_ANOTHER)), (REQUEST, Some(LATER))],
    ),
    ROTATED,
    ADOPTED,
    Scenario { change: &[(REQUEST, Some(ADOPTS_LESS))], name: "adopted and narrowed", ..ADOPTED },
    scenario("released objects", &[(REQUEST, Some(WIDE))], &[(REQUEST, Some(RELEASED))]),
];

/// What another hand made becomes a request's: nobody gains or loses anything meanwhile.
pub(super) const ADOPTED: Scenario = Scenario {
    by_hand: BY_HAND_MADE,
    by_hand_in_jumpserver: true,
    ..scenario("adopted objects", &[], &[(REQUEST, Some(ADOPTS))])
};

/// A renewal of passwords, in place of an apply.
pub(super) const ROTATED: Scenario = Scenario {
    command: &["rotate", "--all", "--yes"],
    new_password: true,
    ..scenario("rotated password", &[(REQUEST, Some(WIDE))], &[])
};

/// Those in which time passes: nothing is taken away before its recorded end, so no run
/// needs a flag for the guard.
pub(super) const IN_TIME: &[Scenario] = &[
    Scenario {
        ends: true,
        ..scenario("renewed after its end", &[(REQUEST, Some(SOON))], &[(REQUEST, Some(WIDE))])
    },
    Scenario {
        ends: true,
        ..scenario(
            "one of two requests over",
            &[(REQUEST, Some(NARROW)), (OTHER, Some(SECOND_SOON))],
            &[],
        )
    },
    Scenario {
        ends: true,
        interrupts: true,
        by_hand: BY_HAND_SET,
        ..scenario(
            "over, password by another",
            &[(REQUEST, Some(NARROW)), (OTHER, Some(SECOND_SOON))],
            &[],
        )
    },
];

/// Those that need three.
pub(super) const THREE_SERVERS: &[Scenario] = &[
    scenario("first grant on three", &[], &[(REQUEST, Some(EVERYWHERE))]),
    scenario(
        "narrowed on three",
        &[(REQUEST, Some(EVERYWHERE))],
        &[(REQUEST, Some(LESS_EVERYWHERE))],
    ),
];
