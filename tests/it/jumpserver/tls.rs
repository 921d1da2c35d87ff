//! The token of JumpServer goes to nobody whose certificate is not right.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jumpgate_sandbox::Version;
use rustls::{ServerConnection, StreamOwned};

use crate::support::company::Company;
use crate::support::servers::{certificates, tls_config};

/// A server that speaks TLS with the certificate of a folder, and knows no token.
struct Server {
    port: u16,
    /// What came by TLS, each request with its head.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let (config, heard) = (tls_config(folder), Arc::new(Mutex::new(Vec::new())));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let notes = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                let mut bytes = [0; 4096];
                // A client that does not like the certificate ends it here.
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    head.extend(&bytes[..count]);
                    if head.ends_with(b"\r\n\r\n") {
                        notes.lock().expect("notes").push(String::from_utf8_lossy(&head).into());
                        let _ = stream.write_all(
                            b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\
                              Content-Length: 2\r\nConnection: close\r\n\r\n{}",
                        );
                        break;
                    }
                }
            }
        });
        Self { port, heard }
    }
}

/// Runs a command and gives what it says; what the authority of `trusted` signed is accepted.
async fn told(company: &Company, args: &[&str], trusted: &Path) -> String {
    let mut command = company.command(args);
    command.env("SSL_CERT_FILE", trusted.join("ca.pem"));
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("it ends").expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_server_whose_certificate_is_wrong() {
    let company = Company::with_hosts(Version::V4).await;
    let settings = std::fs::read_to_string(company.dir().join("jumpgate.yaml"));
    let settings = settings.expect("the settings");
    let folder = |names: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        certificates(folder.path(), names);
        folder
    };
    let here = folder(&["127.0.0.1"]);
    let (foreign, elsewhere) = (folder(&["127.0.0.1"]), folder(&["jump.acme.example"]));
    for (certificate, trusted, good) in
        [(&here, &here, true), (&foreign, &here, false), (&elsewhere, &elsewhere, false)]
    {
        let server = Server::start(certificate.path());
        let address = format!("https://127.0.0.1:{}", server.port);
        company.write("jumpgate.yaml", &settings.replace(&company.jumpserver.url(), &address));
        company.merge("by https");
        for args in [&["plan"][..], &["apply", "--yes"], &["doctor"]] {
            let told = told(&company, args, trusted.path()).await;
            let heard = std::mem::take(&mut *server.heard.lock().expect("notes"));
            let refused = told.contains("the certificate of 127.0.0.1:");
            assert_eq!(refused, !good, "{args:?}: {told}");
            // The server whose certificate is right gets the token: else nothing is shown.
            let token = company.jumpserver.admin_token();
            assert_eq!(heard.iter().any(|head| head.contains(&token)), good, "{args:?}");
            assert_eq!(heard.is_empty(), !good, "{args:?}: {heard:?}");
        }
    }
}
