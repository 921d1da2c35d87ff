//! Random repos over time: every plan arrives, and a second one has nothing to do.

use proptest::prelude::*;

use super::world::{JUMPGATE, World, repo};

const LEVELS: &str = "levels:\n  r: [SELECT]\n  w: [SELECT, UPDATE]\n";

fn request() -> impl Strategy<Value = String> {
    let table = prop_oneof![
        Just("orders.*"),
        Just("billing.*"),
        Just("billing.invoices"),
        Just("billing.cards(id)"),
        Just("billing.cards(id, last4)"),
    ];
    let parts = (
        prop_oneof![Just("fanlichun"), Just("liwei"), Just("[fanlichun, liwei]")],
        1..5_u8,
        0..5_u8,
        prop_oneof![Just("r"), Just("w")],
        proptest::collection::btree_set(table, 1..3),
        any::<bool>(),
    );
    parts.prop_map(|(who, from, length, level, tables, host)| {
        let tables: String = tables.iter().map(|table| format!("      - {table}\n")).collect();
        let host = match host {
            true => "servers:\n  - { login: app, assets: [pay-web-01, pay-web-02] }\n",
            false => "",
        };
        format!(
            "for: {who}\nreason: a reason\nfrom: 2026-12-0{from}\nuntil: 2026-12-1{}\n{host}\
             databases:\n  - instance: orders-prod\n    level: {level}\n    tables:\n{tables}",
            from + length
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever was applied before, an apply arrives at what git says at the moment, and
    /// the next plan is empty; after all ends, nothing is left.
    #[test]
    fn every_plan_arrives(
        steps in proptest::collection::vec(
            (proptest::collection::vec(request(), 0..4), 1..9_u8),
            1..4,
        ),
    ) {
        let jumpgate = format!("{JUMPGATE}{LEVELS}");
        let mut world = World::new();
        let mut steps = steps;
        steps.sort_by_key(|(_, day)| *day);
        for (requests, day) in &steps {
            let named: Vec<(String, &str)> = requests
                .iter()
                .enumerate()
                .map(|(number, text)| (format!("r{number}"), text.as_str()))
                .collect();
            let named: Vec<(&str, &str)> =
                named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
            let access = repo(&named, &[("jumpgate.yaml", &jumpgate), ("requests/.keep", "")]);
            world.apply(&access, &format!("2026-12-0{day}T08:00:00Z"));
        }
        let access = repo(&[], &[("jumpgate.yaml", &jumpgate), ("requests/.keep", "")]);
        world.apply(&access, "2027-06-01T00:00:00Z");
        prop_assert!(world.server().accounts.is_empty());
        prop_assert!(world.live().permissions.is_empty() && world.live().accounts.is_empty());
    }
}
