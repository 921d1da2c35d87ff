//! The sandbox as a process, as the demo runs it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::recording::send;

#[test]
fn the_process_seeds_serves_and_ends() {
    let folder = std::env::temp_dir().join(format!("jumpgate-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (seed, port) = (folder.join("seed.json"), folder.join("port"));
    let text = json!({
        "nodes": [{"path": "/Default/prod"}],
        "users": [{"username": "fanlichun", "name": "范立春"}],
        "assets": [{
            "name": "orders", "platform": "MySQL", "address": "192.0.2.1", "port": 3307,
            "nodes": ["/Default/prod"], "accounts": [{"username": "root", "secret": "S3cret-1"}],
        }],
        "tokens": {"0123456789": "admin"},
    });
    std::fs::write(&seed, text.to_string()).expect("a seed");
    let mut process = Command::new(env!("CARGO_BIN_EXE_jumpgate-sandbox"))
        .args(["--version", "3", "--seed"])
        .arg(&seed)
        .arg("--port-file")
        .arg(&port)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    let output = process.stdout.take().expect("its output");
    BufReader::new(output).read_line(&mut line).expect("its address");
    let port: u16 = std::fs::read_to_string(&port).expect("its port").parse().expect("a number");
    assert_eq!(line.trim(), format!("http://127.0.0.1:{port}"));
    let headers = BTreeMap::from([("Authorization".to_owned(), "Token 0123456789".to_owned())]);
    let list = send(port, "GET", "/api/v1/assets/databases/?name=orders", &headers, None).body();
    assert_eq!(list[0]["protocols"], json!([{"name": "mysql", "port": 3307}]));
    assert_eq!(list[0]["nodes_display"], json!(["/Default/prod"]));
    let path = "/sandbox/secret?asset=orders&username=root";
    assert_eq!(send(port, "GET", path, &headers, None).body()["secret"], json!("S3cret-1"));
    assert_eq!(send(port, "GET", path, &BTreeMap::new(), None).status, 403);
    let hour =
        send(port, "POST", "/sandbox/clock", &headers, Some(&json!({"offset_seconds": 3600})));
    assert_eq!(hour.status, 200);
    let ended = Command::new("kill").arg(process.id().to_string()).status().expect("a signal");
    assert!(ended.success());
    assert!(process.wait().expect("an end").success());
    std::fs::remove_dir_all(&folder).expect("a folder that can go");
}
