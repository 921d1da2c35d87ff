//! Platforms: the kinds of assets, with the numbers that each version gives them.

use serde_json::{Value, json};

use crate::Version;
use crate::errors::{self, Outcome, Reply};
use crate::filters;
use crate::http::Request;
use crate::model::choice;
use crate::paging::{self, ID_AND_NAME};

/// One platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Platform {
    v3: u32,
    v4: u32,
    pub(crate) name: &'static str,
    category: &'static str,
    kind: &'static str,
    /// What an asset without protocols of its own speaks.
    pub(crate) protocols: &'static [(&'static str, u16)],
}

const SSH: &[(&str, u16)] = &[("ssh", 22), ("sftp", 22)];
const RDP: &[(&str, u16)] = &[("rdp", 3389)];

/// Number on version 3 and 4 (0: not there), name, category, type, protocols.
const PLATFORMS: &[Platform] = &[
    platform(1, 1, "Linux", "host", "linux", SSH),
    platform(2, 2, "Unix", "host", "unix", SSH),
    platform(12, 3, "macOS", "host", "unix", SSH),
    platform(4, 4, "BSD", "host", "unix", SSH),
    platform(5, 5, "Windows", "host", "windows", RDP),
    platform(6, 6, "Windows2016", "host", "windows", RDP),
    platform(7, 7, "Other", "host", "other", &[("ssh", 22), ("sftp", 22), ("telnet", 23)]),
    platform(8, 8, "Windows-RDP", "host", "windows", RDP),
    platform(9, 9, "Windows-TLS", "host", "windows", RDP),
    platform(10, 10, "AIX", "host", "unix", SSH),
    platform(11, 11, "Gateway", "host", "linux", SSH),
    platform(13, 12, "RemoteAppHost", "host", "windows", &[("rdp", 3389), ("ssh", 22)]),
    platform(14, 0, "General", "device", "general", SSH),
    platform(0, 13, "General", "ds", "general", SSH),
    platform(15, 14, "Cisco", "device", "general", SSH),
    platform(16, 15, "Huawei", "device", "general", SSH),
    platform(17, 16, "H3C", "device", "general", SSH),
    platform(18, 17, "MySQL", "database", "mysql", &[("mysql", 3306)]),
    platform(19, 18, "MariaDB", "database", "mariadb", &[("mariadb", 3306)]),
    platform(0, 19, "PostgreSQL", "database", "postgresql", &[("postgresql", 5432)]),
    platform(24, 23, "MongoDB", "database", "mongodb", &[("mongodb", 27017)]),
    platform(25, 24, "Redis", "database", "redis", &[("redis", 6379)]),
    platform(26, 25, "Redis6+", "database", "redis", &[("redis", 6379)]),
    platform(27, 26, "Website", "web", "website", &[("http", 80)]),
    platform(28, 27, "Vmware-vSphere", "cloud", "private", &[("http", 80)]),
    platform(29, 28, "Kubernetes", "cloud", "k8s", &[("k8s", 443)]),
    platform(30, 0, "ChatGPT", "gpt", "chatgpt", &[("chatgpt", 443)]),
];

/// What an asset counts as whose platform is not known.
pub(crate) const FALLBACK: Platform = platform(1, 1, "Linux", "host", "linux", SSH);

const fn platform(
    v3: u32,
    v4: u32,
    name: &'static str,
    category: &'static str,
    kind: &'static str,
    protocols: &'static [(&'static str, u16)],
) -> Platform {
    Platform { v3, v4, name, category, kind, protocols }
}

impl Platform {
    pub(crate) fn id(&self, version: Version) -> u32 {
        match version {
            Version::V3 => self.v3,
            Version::V4 => self.v4,
        }
    }

    /// `host`, `database` and so on.
    pub(crate) fn category(&self) -> &'static str {
        self.category
    }

    pub(crate) fn show_category(&self) -> Value {
        let label = match self.category {
            "host" => "Host",
            "database" => "Database",
            "device" => "Device",
            "cloud" => "Cloud service",
            "web" => "Web",
            "ds" => "Directory service",
            _ => "GPT",
        };
        choice(self.category, label)
    }

    pub(crate) fn show_type(&self) -> Value {
        let label = match self.kind {
            "linux" => "Linux",
            "unix" => "Unix",
            "windows" => "Windows",
            "other" => "Other",
            "general" => "General",
            "mysql" => "MySQL",
            "mariadb" => "MariaDB",
            "postgresql" => "PostgreSQL",
            "mongodb" => "MongoDB",
            "redis" => "Redis",
            "website" => "Website",
            "private" => "Private cloud",
            "k8s" => "Kubernetes",
            _ => "ChatGPT",
        };
        choice(self.kind, label)
    }

    /// How the platform works with accounts: repeated in every asset and account.
    pub(crate) fn auto_config(&self, version: Version) -> Value {
        let (family, ping, verify) = match self.kind {
            "windows" => ("local_windows", "ping_by_rdp", "verify_account_by_rdp".to_owned()),
            "linux" | "unix" | "other" => {
                ("posix", "posix_ping", "verify_account_posix".to_owned())
            }
            "mariadb" => ("mysql", "mysql_ping", "verify_account_mysql".to_owned()),
            kind => (kind, "mysql_ping", format!("verify_account_{kind}")),
        };
        let gathered = family.trim_start_matches("local_");
        let host = self.category == "host";
        let push = match self.kind {
            "windows" => json!({"groups": "Users,Remote Desktop Users"}),
            _ if host => {
                json!({"home": "", "sudo": "/bin/whoami", "shell": "/bin/bash", "groups": ""})
            }
            _ => json!({}),
        };
        let ansible = match self.kind {
            "windows" => json!({"ansible_connection": "ssh", "ansible_shell_type": "cmd"}),
            _ if host => json!({"ansible_connection": "smart"}),
            _ => json!({"ansible_connection": "local"}),
        };
        // Version 3 numbers these apart from the platforms.
        let number = match (version, self.id(version)) {
            (Version::V3, 5) => 7,
            (Version::V3, id @ 17..) => id - 3,
            (_, id) => id,
        };
        let gateway = match version {
            Version::V3 => "domain_enabled",
            Version::V4 => "gateway_enabled",
        };
        json!({
            "su_enabled": host && self.kind != "windows",
            gateway: true,
            "ansible_enabled": true,
            "id": number,
            "ansible_config": ansible,
            "ping_enabled": true,
            "ping_method": ping,
            "ping_params": {},
            "gather_facts_enabled": host,
            "gather_facts_method": host.then(|| format!("gather_facts_{gathered}")),
            "gather_facts_params": {},
            "change_secret_enabled": true,
            "change_secret_method": format!("change_secret_{family}"),
            "change_secret_params": {},
            "push_account_enabled": true,
            "push_account_method": format!("push_account_{family}"),
            "push_account_params": push,
            "verify_account_enabled": true,
            "verify_account_method": verify,
            "verify_account_params": {},
            "gather_accounts_enabled": true,
            "gather_accounts_method": format!("gather_accounts_{gathered}"),
            "gather_accounts_params": {},
            "remove_account_enabled": true,
            "remove_account_method": format!("remove_account_{gathered}"),
            "remove_account_params": {},
            "platform": self.id(version),
        })
    }
}

/// What a protocol brings along where a user sees an asset.
pub(crate) fn protocol_setting(name: &str) -> Value {
    match name {
        "ssh" => json!({"sftp_home": "/tmp", "sftp_enabled": true}),
        "sftp" => json!({"sftp_home": "/tmp"}),
        "rdp" => json!({"console": false, "security": "any"}),
        _ => json!({}),
    }
}

/// The platform with a number.
pub(crate) fn by_id(version: Version, id: u32) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| id > 0 && platform.id(version) == id)
}

/// The platform with a name.
pub(crate) fn by_name(version: Version, name: &str) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| platform.name == name && platform.id(version) > 0)
}

/// Serves `assets/platforms/...`.
pub(crate) fn serve(request: &Request, rest: &[String]) -> Outcome {
    let call = request.call;
    request.caller.must("assets.view_platform")?;
    if call.method != "GET" {
        return Err(errors::method_not_allowed(&call.method));
    }
    let search = filters::Search::of(call);
    let mut rows: Vec<&Platform> = PLATFORMS
        .iter()
        .filter(|platform| {
            platform.id(call.version) > 0
                && filters::name(call, platform.name)
                && filters::exact(call, "category", platform.category)
                && filters::exact(call, "type", platform.kind)
                && search.finds(&[platform.name])
        })
        .collect();
    if let [id] = rest {
        let platform = rows
            .iter()
            .find(|platform| platform.id(call.version).to_string() == *id)
            .ok_or_else(|| errors::no_object("Platform"))?;
        return Ok(Reply::ok(paging::pick(call, show(platform, call.version), ID_AND_NAME)));
    }
    // The two that a person could change come last.
    let changeable = |platform: &Platform| matches!(platform.name, "Other" | "Windows2016");
    rows.sort_by_key(|platform| (changeable(platform), platform.name));
    Ok(paging::list(call, &rows, ID_AND_NAME, |platform| show(platform, call.version)))
}

fn show(platform: &Platform, version: Version) -> Value {
    let protocols: Vec<Value> = platform
        .protocols
        .iter()
        .enumerate()
        .map(|(at, (name, port))| {
            json!({
                "id": platform.id(version) * 10 + u32::try_from(at).unwrap_or(0),
                "name": name,
                "port": port,
                "port_from_addr": false,
                "primary": at == 0,
                "required": false,
                "default": at > 0,
                "public": true,
                "secret_types": ["password"],
                "setting": protocol_setting(name),
            })
        })
        .collect();
    json!({
        "id": platform.id(version),
        "name": platform.name,
        "internal": !matches!(platform.name, "Other" | "Windows2016"),
        "category": platform.show_category(),
        "type": platform.show_type(),
        "charset": choice("utf-8", "UTF-8"),
        "protocols": protocols,
        "automation": platform.auto_config(version),
    })
}
