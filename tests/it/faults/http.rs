//! A proxy for HTTP/1.1: one request for each connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wire::{Event, Fault, Wire};

/// Starts a proxy in front of a port of this machine and gives its own port.
pub(super) async fn start(wire: Arc<Wire>, to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (wire, open) = (Arc::clone(&wire), wire.open());
            tokio::spawn(async move {
                // A broken connection is what a cut looks like.
                let _ = serve(&wire, client, to).await;
                drop(open);
            });
        }
    });
    port
}

async fn serve(wire: &Wire, mut client: TcpStream, to: u16) -> io::Result<()> {
    let Some((head, body)) = request(&mut client).await? else { return Ok(()) };
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let event = Event {
        what: format!("{method} {}", path.split('?').next().unwrap_or_default()),
        writes: method != "GET",
    };
    let fault = wire.meet(event);
    match fault {
        Some(Fault::KillBefore | Fault::DropBefore) => return Ok(()),
        Some(Fault::Error(which)) if which < 4 => {
            client.write_all(&error(which)).await?;
            return client.shutdown().await;
        }
        _ => {}
    }
    let answer = forward(&head, &body, to).await?;
    match fault {
        Some(Fault::KillAfter) => wire.kill(),
        Some(Fault::DropAfter) => {}
        Some(Fault::Error(_)) => client.write_all(&error(1)).await?,
        Some(Fault::Hang) => gone(&mut client).await,
        _ => client.write_all(&answer).await?,
    }
    client.shutdown().await
}

/// The head as text, and the body.
async fn request(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end);
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some((head, body)))
}

async fn forward(head: &str, body: &[u8], to: u16) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes()).await?;
    server.write_all(body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Waits until the client has had enough.
async fn gone(client: &mut TcpStream) {
    let mut byte = [0];
    let patience = Duration::from_secs(120);
    let _ = tokio::time::timeout(patience, client.read(&mut byte)).await;
}

/// The answers of a server, a proxy and a throttle in trouble.
fn error(which: usize) -> Vec<u8> {
    let (status, more, body) = match which {
        0 => ("500 Internal Server Error", "", r#"{"detail": "error"}"#),
        1 => ("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>Bad Gateway</html>"),
        2 => ("429 Too Many Requests", "Retry-After: 1\r\n", r#"{"detail": "throttled"}"#),
        _ => ("503 Service Unavailable", "", ""),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
