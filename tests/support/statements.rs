//! The statements that a client sends to a database server: a proxy for the MySQL protocol
//! without TLS that shows each one before it is sent on.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// The command that carries a statement as text.
const QUERY: u8 = 3;

/// Gets each statement before it is sent on, and gives what is sent in its place.
pub(crate) type Hook = Box<dyn FnMut(String) -> BoxFuture<'static, String> + Send>;

/// Starts a proxy in front of a port of this machine and gives its own port.
pub(crate) async fn proxy(to: u16, hook: Hook) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let hook = Arc::new(Mutex::new(hook));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let hook = Arc::clone(&hook);
            // A broken connection is the end of both.
            tokio::spawn(async move { serve(&hook, client, to).await.ok() });
        }
    });
    port
}

async fn serve(hook: &Mutex<Hook>, mut client: TcpStream, to: u16) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            read = client.read_buf(&mut sent) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(mut packet) = packet(&mut sent) {
                    if let Some(text) = text(&packet) {
                        let turn = (*hook.lock().await)(text);
                        packet = query(&turn.await);
                    }
                    server.write_all(&packet).await?;
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

/// The first whole packet, taken out.
pub(crate) fn packet(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(*bytes.first()?)
        | usize::from(*bytes.get(1)?) << 8
        | usize::from(*bytes.get(2)?) << 16;
    let whole = length + 4;
    if bytes.len() < whole {
        return None;
    }
    let rest = bytes.split_off(whole);
    Some(std::mem::replace(bytes, rest))
}

/// The statement of a packet, if it is one: the client begins to speak with the number 0.
pub(crate) fn text(packet: &[u8]) -> Option<String> {
    if packet.get(3) != Some(&0) || packet.get(4) != Some(&QUERY) {
        return None;
    }
    Some(String::from_utf8_lossy(packet.get(5..)?).into_owned())
}

/// The packet of a statement.
fn query(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 1).expect("a short text").to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], 0, QUERY];
    packet.extend(text.as_bytes());
    packet
}
