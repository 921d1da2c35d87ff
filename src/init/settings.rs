//! `jumpgate.yaml` and `policy.yaml` of a new access repo.

use crate::effect::is_production;
use crate::names::Environment;
use crate::yaml::scalar;

/// The text of `jumpgate.yaml`.
pub(super) fn jumpgate(owner: &str, url: &str, organization: &str, time_zone: &str) -> String {
    format!(
        "version: 1
# The mark on everything that jumpgate makes. It stays: under another name all of that would
# be foreign.
owner: {}
# The zone in which days and times of day are meant.
time-zone: {}
jumpserver:
  url: {}
  organization: {}

# What follows is what holds without it.
#
# people: {{ source: jumpserver }}   # repo: jumpgate makes the users, from people/
# logins:
#   app:  {{ accounts: [app], protocols: [ssh, sftp, rdp, vnc], actions: [connect, upload, download, copy, paste] }}
#   root: {{ accounts: [root, Administrator], protocols: [ssh, sftp, rdp, vnc], actions: [connect, upload, download, copy, paste] }}
# levels:
#   r:  [SELECT]
#   rw: [SELECT, INSERT, UPDATE, DELETE]
# prefix: jump                     # begins every name that is given; two access repos on one
#                                  # JumpServer need two
# guard: {{ removals: 10, percent: 20 }}   # stops a run that would take more away
",
        scalar(owner),
        scalar(time_zone),
        scalar(url),
        scalar(organization),
    )
}

/// The text of `policy.yaml`. Everything ends; production asks for more.
pub(super) fn policy(environments: &[Environment]) -> String {
    let names: Vec<_> = environments.iter().map(|name| scalar(name.as_str())).collect();
    let mut text = format!(
        "# A request keeps every limit whose `when` matches: adding one never loosens anything.
environments: [{}]
limits:
  - {{ when: {{}}, end: required, longest: 180d }}
",
        names.join(", ")
    );
    let production = environments.iter().filter(|name| is_production(name));
    for name in production.map(|name| scalar(name.as_str())) {
        text.push_str(&format!(
            "  - {{ when: {{ environment: {name} }}, longest: 90d, approvals: 1 }}
  - {{ when: {{ environment: {name}, login: root }}, longest: 7d, approvals: 2 }}
  - {{ when: {{ environment: {name}, level: rw, scope: database }}, deny: name the tables }}
"
        ));
    }
    text
}
