//! Recorded exchanges, and the client that sends them again.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use jumpgate_sandbox::Version;
use serde_json::Value;

/// One exchange with a real server.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    /// A string is a body that is no JSON.
    pub(crate) body: Option<Value>,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) answer_headers: BTreeMap<String, String>,
    pub(crate) answer: Value,
}

/// The folder of a version.
pub(crate) fn folder(version: Version) -> PathBuf {
    let name = match version {
        Version::V3 => "v3.10.9",
        Version::V4 => "v4.10.19",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../recordings")
        .join(name)
}

/// Reads every recording of a version, by name.
pub(crate) fn load(version: Version) -> Vec<Recording> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(version))
        .expect("the folder of the recordings")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read(version, path)).collect()
}

fn read(version: Version, path: &Path) -> Recording {
    let text = std::fs::read_to_string(path).expect("a readable recording");
    let value: Value = serde_json::from_str(&text).expect("a recording in JSON");
    let (request, response) = (&value["request"], &value["response"]);
    let headers = |value: &Value| -> BTreeMap<String, String> {
        let pairs = value.as_object().into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    Recording {
        version,
        name: path
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned(),
        method: request["method"].as_str().expect("a method").to_owned(),
        path: request["path"].as_str().expect("a path").to_owned(),
        headers: headers(&request["headers"]),
        body: Some(request["body"].clone()).filter(|body| !body.is_null()),
        status: u16::try_from(response["status"].as_u64().expect("a status"))
            .expect("a small status"),
        answer_headers: headers(&response["headers"])
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        answer: response["body"].clone(),
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, as text where it is none, null where it is empty.
    pub(crate) fn body(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|_| Value::String(self.text.clone()))
    }
}

/// Sends one request; a client of the standard library changes nothing in it.
pub(crate) fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    body: Option<&Value>,
) -> Answer {
    let body = match body {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let path = path.replace(' ', "%20");
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection to the sandbox");
    stream
        .write_all(text.as_bytes())
        .expect("a request that is sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8(bytes).expect("an answer in UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer {
        status,
        headers,
        text: body.to_owned(),
    }
}
