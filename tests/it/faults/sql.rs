//! A proxy for the MySQL protocol without TLS, which reads the client's packets.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wire::{Event, Fault, Wire};
use crate::support::statements::{packet, text};

/// What begins a statement that changes something, a lock included.
const WRITES: &[&str] = &["CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "KILL", "SELECT GET_LOCK"];

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
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            read = client.read_buf(&mut sent) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(packet) = packet(&mut sent) {
                    let fault = statement(&packet).and_then(|event| wire.meet(event));
                    if !pass(wire, fault, &packet, &mut client, &mut server).await? {
                        return Ok(());
                    }
                }
            }
            read = server.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                client.write_all(&answered).await?;
                answered.clear();
            }
        }
    }
}

/// Passes a packet on, or does what a fault says; false ends the connection.
async fn pass(
    wire: &Wire,
    fault: Option<Fault>,
    packet: &[u8],
    client: &mut TcpStream,
    server: &mut TcpStream,
) -> io::Result<bool> {
    match fault {
        Some(Fault::KillBefore | Fault::DropBefore) => return Ok(false),
        Some(Fault::Error(which)) => {
            let (code, state, words) = ERRORS[which % ERRORS.len()];
            client.write_all(&error(code, state, words)).await?;
            // A server that goes down says so and closes.
            return Ok(code != 1053);
        }
        _ => {}
    }
    server.write_all(packet).await?;
    let Some(fault) = fault else { return Ok(true) };
    // The first packet of the answer comes when the statement was carried out.
    let mut answer = [0; 4096];
    let _ = server.read(&mut answer).await?;
    match fault {
        Fault::KillAfter => wire.kill(),
        Fault::Hang => {
            let patience = Duration::from_secs(120);
            let _ = tokio::time::timeout(patience, client.read(&mut answer)).await;
        }
        _ => {}
    }
    Ok(false)
}

/// The statement of a packet, if it is one.
fn statement(packet: &[u8]) -> Option<Event> {
    let text = text(packet)?;
    let text = text.trim_start();
    let writes = WRITES.iter().any(|verb| text.starts_with(verb));
    // No more: a hash follows.
    let words: Vec<&str> = text.split_whitespace().take(5).collect();
    Some(Event { what: words.join(" "), writes })
}

/// What a server says in trouble.
const ERRORS: &[(u16, &str, &str)] = &[
    (1205, "HY000", "Lock wait timeout exceeded; try restarting transaction"),
    (1213, "40001", "Deadlock found when trying to get lock; try restarting transaction"),
    (3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded"),
    (1053, "08S01", "Server shutdown in progress"),
    (1290, "HY000", "The server is running with the --read-only option so it cannot execute this"),
];

fn error(code: u16, state: &str, words: &str) -> Vec<u8> {
    let mut body = vec![0xff];
    body.extend(code.to_le_bytes());
    body.push(b'#');
    body.extend(state.as_bytes());
    body.extend(words.as_bytes());
    let length = u32::try_from(body.len()).expect("a short text").to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], 1];
    packet.extend(body);
    packet
}
