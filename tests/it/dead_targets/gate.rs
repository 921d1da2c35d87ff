//! A door in front of a database server, which can be shut in several ways.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They go to this port.
    To(u16),
    /// They are accepted, and nothing ever comes.
    Hang,
    /// They are accepted, and wait until the mode is another one.
    Wait,
    /// Nothing listens.
    Closed,
}

struct Inside {
    mode: Mutex<Mode>,
    /// How many clients gave up on connections that hang.
    given_up: Mutex<usize>,
}

/// The door; it is shut when this is dropped.
pub(super) struct Gate {
    /// Its port on 127.0.0.1.
    pub(super) port: u16,
    inside: Arc<Inside>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.close();
    }
}

impl Gate {
    /// A door that leads to a port of this machine.
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let inside =
            Arc::new(Inside { mode: Mutex::new(Mode::To(port)), given_up: Mutex::default() });
        let port = listener.local_addr().expect("its address").port();
        let task = Some(tokio::spawn(listen(listener, Arc::clone(&inside))));
        Self { port, inside, task }
    }

    /// Makes the door another one.
    pub(super) async fn turn(&mut self, mode: Mode) {
        *lock(&self.inside.mode) = mode;
        if mode == Mode::Closed {
            self.close();
        } else if self.task.is_none() {
            let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("its port");
            self.task = Some(tokio::spawn(listen(listener, Arc::clone(&self.inside))));
        }
    }

    /// How many clients gave up on connections that hang.
    pub(super) fn given_up(&self) -> usize {
        *lock(&self.inside.given_up)
    }

    fn close(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, inside: Arc<Inside>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, Arc::clone(&inside)));
    }
}

async fn serve(mut client: TcpStream, inside: Arc<Inside>) {
    loop {
        let mode = *lock(&inside.mode);
        match mode {
            Mode::To(port) => {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.expect("a server");
                // A broken connection is the end of both.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                return;
            }
            Mode::Hang => {
                let mut byte = [0];
                // MySQL's clients wait for the server's first word: what comes is the end.
                let _ = tokio::io::AsyncReadExt::read(&mut client, &mut byte).await;
                *lock(&inside.given_up) += 1;
                return;
            }
            Mode::Wait => tokio::time::sleep(Duration::from_millis(10)).await,
            Mode::Closed => return,
        }
    }
}
