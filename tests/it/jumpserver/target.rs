//! A JumpServer to test against: the sandbox in both versions, or a real one.
//!
//! Objects are made over HTTP, so the same tests run against both. A real server is used
//! when `JUMPGATE_TEST_JUMPSERVER_URL` and `JUMPGATE_TEST_JUMPSERVER_TOKEN` are set; what
//! the tests make there is removed at the end of each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jumpgate::jumpserver::{Credentials, Lease, Limits, NewPermission, Reader, Settings, Terms};
use jumpgate::names::{Owner, Prefix};
use jumpgate_sandbox::{Options, Running, Sandbox, Version};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

/// One server under test.
pub(crate) struct Target {
    /// The sandbox, when it is one.
    sandbox: Option<Running>,
    url: String,
    token: String,
    organization: String,
    /// Stands in all names that a test makes.
    pub(crate) tag: String,
    made: Mutex<Vec<String>>,
    http: reqwest::Client,
}

/// Short pauses, so that failures are tested quickly.
pub(crate) fn limits() -> Limits {
    Limits { pause: Duration::from_millis(5), ..Limits::default() }
}

impl Target {
    fn of(sandbox: Option<Running>, url: String, token: String, organization: String) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tag = Uuid::new_v4().simple().to_string().chars().take(8).collect();
        let http = reqwest::Client::new();
        Self { sandbox, url, token, organization, tag, made: Mutex::default(), http }
    }

    /// A sandbox of one version.
    pub(crate) async fn sandbox(version: Version) -> Self {
        Self::sandbox_at(version, "").await
    }

    /// A sandbox below a path.
    pub(crate) async fn sandbox_at(version: Version, base_path: &str) -> Self {
        let options = Options { base_path: base_path.to_owned(), ..Options::new(version) };
        let running = Sandbox::start(options).await.expect("the sandbox starts");
        let (url, token) = (running.url(), running.admin_token());
        Self::of(Some(running), url, token, "Default".to_owned())
    }

    /// Carries a test out on all servers, one after the other, and cleans up after it, also
    /// when it fails.
    pub(crate) async fn each<F: Future<Output = ()> + Send + 'static>(test: fn(Arc<Self>) -> F) {
        for target in Self::all().await {
            let target = Arc::new(target);
            let outcome = tokio::spawn(test(Arc::clone(&target))).await;
            target.clean().await;
            if let Err(failure) = outcome {
                std::panic::resume_unwind(failure.into_panic());
            }
        }
    }

    /// Both versions, one of them below a path, and the real server when there is one.
    async fn all() -> Vec<Self> {
        let mut targets = vec![
            Self::sandbox(Version::V3).await,
            Self::sandbox(Version::V4).await,
            Self::sandbox_at(Version::V4, "/jump").await,
        ];
        let var = |name: &str| std::env::var(format!("JUMPGATE_TEST_JUMPSERVER_{name}")).ok();
        if let (Some(url), Some(token)) = (var("URL"), var("TOKEN")) {
            let organization = var("ORGANIZATION").unwrap_or_else(|| "Default".to_owned());
            targets.push(Self::of(None, url, token, organization));
        }
        targets
    }

    /// Whether it is a sandbox, which shows more than a real server.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// The sandbox behind it.
    pub(crate) fn running(&self) -> &Running {
        self.sandbox.as_ref().expect("a sandbox")
    }

    pub(crate) fn owner(&self) -> Owner {
        format!("t-{}", self.tag).parse().expect("an owner")
    }

    pub(crate) fn prefix(&self) -> Prefix {
        "jumptest".parse().expect("a prefix")
    }

    /// A name of this test's own.
    pub(crate) fn name(&self, text: &str) -> String {
        format!("{text}-{}", self.tag)
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            url: self.url.parse().expect("an address"),
            organization: self.organization.clone(),
            limits: limits(),
        }
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::Token(SecretString::from(self.token.clone()))
    }

    pub(crate) async fn reader(&self) -> Reader {
        Reader::connect(&self.settings(), self.credentials()).await.expect("a connection")
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let url = format!("{}/api/v1/{path}", self.url.trim_end_matches('/'));
        let mut request =
            self.http.request(method, url).header("Authorization", format!("Token {}", self.token));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn make(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{path}: {answer}");
        self.note(&format!("{path}{}/", answer["id"].as_str().expect("an id")));
        answer
    }

    /// Remembers what is to be removed from a real server.
    pub(crate) fn note(&self, path: &str) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }

    fn id(answer: &Value) -> Uuid {
        answer["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    }

    /// Makes a user.
    pub(crate) async fn user(&self, username: &str) -> Uuid {
        let body = json!({
            "username": username, "name": format!("Name of {username}"),
            "email": format!("{username}@acme.example"),
        });
        Self::id(&self.make("users/users/", body).await)
    }

    /// Makes a user who administers the organization.
    pub(crate) async fn administrator(&self, username: &str) -> Uuid {
        let body = json!({
            "username": username, "name": format!("Name of {username}"),
            "email": format!("{username}@acme.example"),
            "org_roles": ["00000000-0000-0000-0000-000000000005"],
        });
        Self::id(&self.make("users/users/", body).await)
    }

    /// Makes a node below the root, and those above it, and gives its id and its whole
    /// path.
    pub(crate) async fn node(&self, path: &str) -> (Uuid, String) {
        let mut answer = Value::Null;
        for (end, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
            let body = json!({ "full_value": &path[..end] });
            answer = self.make("assets/nodes/", body).await;
        }
        (Self::id(&answer), answer["full_value"].as_str().expect("a path").to_owned())
    }

    async fn asset(&self, path: &str, platform: &str, name: &str, node: Option<Uuid>) -> Uuid {
        let (_, platforms) = self.send("GET", "assets/platforms/?limit=200", None).await;
        let platform = platforms["results"]
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["name"] == platform))
            .map(|row| row["id"].clone())
            .expect("the platform");
        let mut body = json!({ "name": name, "address": "10.0.0.9", "platform": platform });
        if let Some(node) = node {
            body["nodes"] = json!([node]);
        }
        Self::id(&self.make(path, body).await)
    }

    /// Makes a Linux host.
    pub(crate) async fn host(&self, name: &str, node: Option<Uuid>) -> Uuid {
        self.asset("assets/hosts/", "Linux", name, node).await
    }

    /// Makes a MySQL server.
    pub(crate) async fn mysql(&self, name: &str, node: Option<Uuid>) -> Uuid {
        self.asset("assets/databases/", "MySQL", name, node).await
    }

    /// Makes an account.
    pub(crate) async fn account(&self, asset: Uuid, username: &str) -> Uuid {
        let body = json!({ "asset": asset, "username": username, "secret": "hand-made-1" });
        Self::id(&self.make("accounts/accounts/", body).await)
    }

    /// Makes an account that holds no secret.
    pub(crate) async fn account_without_secret(&self, asset: Uuid, username: &str) -> Uuid {
        let body = json!({ "asset": asset, "username": username });
        Self::id(&self.make("accounts/accounts/", body).await)
    }

    /// Makes a permission from its JSON.
    pub(crate) async fn permission(&self, body: Value) -> Uuid {
        Self::id(&self.make("perms/asset-permissions/", body).await)
    }

    /// What the server answers when it makes such a permission; it is taken away again.
    pub(crate) async fn permission_row(&self, new: &NewPermission) -> Value {
        let spec = &new.spec;
        let body = json!({
            "name": spec.name, "accounts": spec.accounts, "protocols": spec.protocols,
            "actions": spec.actions, "date_start": spec.start, "date_expired": spec.end,
            "comment": new.comment, "labels": [format!("jumpgate:{}", self.owner())],
        });
        let row = self.make("perms/asset-permissions/", body).await;
        let path = format!("perms/asset-permissions/{}/", Self::id(&row));
        self.send("DELETE", &path, None).await;
        row
    }

    /// Changes an object as another hand does.
    pub(crate) async fn patch(&self, path: &str, body: Value) {
        let (status, answer) = self.send("PATCH", path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// GETs what the server says.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send("GET", path, None).await.1
    }

    /// Removes what was made, latest first, and the label. Nothing of it may be left.
    async fn clean(&self) {
        let owner = self.owner();
        let own = format!("perms/asset-permissions/?limit=100&search={owner}");
        let rows = self.get(&own).await["results"].take();
        for id in rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str()) {
            self.note(&format!("perms/asset-permissions/{id}/"));
        }
        for value in [owner.as_str(), self.tag.as_str()] {
            let labels = self.get(&format!("labels/labels/?limit=100&value={value}")).await;
            for row in labels["results"].as_array().into_iter().flatten() {
                if let Some(id) = row["id"].as_str()
                    && row["value"] == value
                {
                    // The sandbox cannot delete labels; nobody gets anything by them.
                    self.send("DELETE", &format!("labels/labels/{id}/"), None).await;
                }
            }
        }
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for path in made.iter().rev() {
            let (status, answer) = self.send("DELETE", path, None).await;
            assert!(matches!(status, 200 | 204 | 404), "DELETE {path}: {status} {answer}");
        }
        assert_eq!(self.get(&own).await["count"], 0, "something is left of {owner}");
    }

    /// A lease of this target's owner.
    pub(crate) async fn lease(&self, reader: &Reader) -> Lease {
        let terms = Terms::default();
        Lease::take(reader, &self.owner(), &self.prefix(), terms).await.expect("a lease")
    }
}

/// Both versions, for tests that only the sandbox can serve.
pub(crate) async fn sandboxes() -> Vec<Target> {
    vec![Target::sandbox(Version::V3).await, Target::sandbox(Version::V4).await]
}

pub(crate) fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}
