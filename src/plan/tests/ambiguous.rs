//! Several nodes with one path: nobody can tell which of them git means.

use super::*;

const NODE: &str = "/Default/payments/prod";

impl World {
    /// Another node with the path of one that is there.
    fn twin(&mut self) -> Uuid {
        let id = Uuid::from_u128(7);
        self.live().nodes.get_mut(NODE).expect("a node").ids.insert(id);
        id
    }
}

#[test]
fn nothing_new_is_granted_on_a_path_that_means_several_nodes() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    let twin = world.twin();
    let plan = world.plan(&access, NOW);
    let told: Vec<&Finding> =
        plan.findings.iter().filter(|finding| finding.code == Kind::NodeAmbiguous).collect();
    let [told] = told.as_slice() else { panic!("it is told once: {told:#?}") };
    assert!(told.message.contains(&format!("2 nodes {NODE}")), "{}", told.message);
    for id in &world.live().nodes[NODE].ids {
        assert!(told.message.contains(&id.to_string()), "{}", told.message);
    }
    assert!(told.message.contains(&twin.to_string()) && told.site.is_some());
    // The rest of the request is carried out.
    let created = plan.items.iter().filter_map(|item| match &item.what {
        What::Permission { action, .. } => match &**action {
            permissions::Action::Create { spec } => Some(spec),
            _ => None,
        },
        _ => None,
    });
    let created: Vec<_> = created.collect();
    assert_eq!(created.len(), 2);
    assert!(created.iter().all(|spec| spec.nodes.is_empty()), "{created:#?}");
    assert!(created.iter().any(|spec| spec.assets.contains("pay-web-01")));
}

#[test]
fn what_was_granted_before_a_path_got_a_second_node_stays() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    world.twin();
    let plan = world.plan(&access, NOW);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
    assert!(kinds(&plan).contains(&Kind::NodeAmbiguous));
    assert!(!kinds(&plan).contains(&Kind::Renamed) && !kinds(&plan).contains(&Kind::NodeMissing));
}
