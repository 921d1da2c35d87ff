//! Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The pause between two looks at whether one came.
const LOOK: Duration = Duration::from_millis(100);

/// Whether a Ctrl-C or SIGTERM came, once somebody began to listen.
#[derive(Default)]
pub(super) struct Stop(OnceLock<Arc<AtomicBool>>);

impl Stop {
    /// Listens from now on; before, a signal ends the process.
    pub(super) fn listen(&self) -> &AtomicBool {
        self.0.get_or_init(stop_on_signal)
    }

    /// Ends when one comes, and listens from now on.
    pub(super) async fn comes(&self) {
        while !self.listen().load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether one came.
    pub(super) fn heard(&self) -> bool {
        self.0.get().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// Set by the first Ctrl-C or SIGTERM: the steps that are running are finished.
fn stop_on_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    tokio::spawn(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => {
                    tokio::select! {
                        _ = interrupt => {}
                        _ = terminate.recv() => {}
                    }
                }
                Err(_) => {
                    let _ = interrupt.await;
                }
            }
        }
        #[cfg(not(unix))]
        let _ = interrupt.await;
        anstream::eprintln!("stopping after the steps that are running");
        set.store(true, Ordering::Relaxed);
    });
    stop
}
