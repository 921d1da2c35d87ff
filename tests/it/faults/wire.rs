//! What goes over the wire in one run, in one order over both protocols, and the one place
//! where a run is cut.

use std::fmt;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request or a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The method and path, or the statement's first words.
    pub(super) what: String,
    /// Whether it can change anything.
    pub(super) writes: bool,
}

/// What happens in place of an ordinary exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process is killed, and the request is not sent on.
    KillBefore,
    /// It is carried out, and the process is killed before the answer comes.
    KillAfter,
    /// The connection is closed, and the request is not sent on.
    DropBefore,
    /// It is carried out, and the connection is closed before the answer comes.
    DropAfter,
    /// An error comes in place of the answer; which one depends on the protocol.
    Error(usize),
    /// It is carried out, and no answer ever comes.
    Hang,
}

/// How many different errors there are in each protocol.
pub(super) const ERRORS: usize = 5;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillBefore => f.write_str("killed before"),
            Self::KillAfter => f.write_str("killed after"),
            Self::DropBefore => f.write_str("connection cut before"),
            Self::DropAfter => f.write_str("connection cut after"),
            Self::Error(which) => write!(f, "error {which} at"),
            Self::Hang => f.write_str("no answer to"),
        }
    }
}

/// Where a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// The number of the request or statement, from 0.
    pub(super) at: usize,
    /// Whether only those count that can change something.
    pub(super) writes: bool,
    /// What happens there.
    pub(super) fault: Fault,
}

#[derive(Default)]
struct Run {
    events: Vec<Event>,
    writes: usize,
    cut: Option<Cut>,
    met: Option<Event>,
    dead: bool,
}

/// The wire of one run after the other.
#[derive(Default)]
pub(super) struct Wire {
    run: Mutex<Run>,
    process: Mutex<Option<Child>>,
    open: AtomicUsize,
}

/// Counts a connection as long as it lives.
pub(super) struct Open(Arc<Wire>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wire {
    /// Begins a run: `start` starts the process, which this wire may kill.
    pub(super) fn begin(&self, cut: Option<Cut>, start: impl FnOnce() -> Child) {
        *lock(&self.run) = Run { cut, ..Run::default() };
        // Held while it starts: a kill waits until there is something to kill.
        let mut process = lock(&self.process);
        *process = Some(start());
    }

    /// The exit code, when the process has ended; none of a killed one.
    pub(super) fn ended(&self) -> Option<Option<i32>> {
        let mut process = lock(&self.process);
        let status = process.as_mut()?.try_wait().expect("the state of the process")?;
        Some(status.code())
    }

    /// Kills the process, as `kill -9` does.
    pub(super) fn kill(&self) {
        let mut run = lock(&self.run);
        run.dead = true;
        kill(&mut lock(&self.process));
    }

    /// Counts a connection.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::SeqCst);
        Open(Arc::clone(self))
    }

    /// Waits until all connections of the run are over.
    pub(super) async fn quiet(&self) {
        for _ in 0..1000 {
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("a connection does not end");
    }

    /// Whether a request or statement is sent on as usual, or what happens.
    pub(super) fn meet(&self, event: Event) -> Option<Fault> {
        let mut run = lock(&self.run);
        if run.dead {
            return Some(Fault::DropBefore);
        }
        let (number, write) = (run.events.len(), run.writes);
        run.writes += usize::from(event.writes);
        run.events.push(event.clone());
        let cut = run.cut?;
        let reached = match cut.writes {
            true => event.writes && write == cut.at,
            false => number == cut.at,
        };
        if !reached {
            return None;
        }
        run.met = Some(event);
        if cut.fault == Fault::KillBefore {
            run.dead = true;
            kill(&mut lock(&self.process));
        }
        Some(cut.fault)
    }

    /// What went over the wire so far.
    pub(super) fn events(&self) -> Vec<Event> {
        lock(&self.run).events.clone()
    }

    /// What met the cut, when it was reached.
    pub(super) fn met(&self) -> Option<Event> {
        lock(&self.run).met.clone()
    }
}

fn kill(process: &mut Option<Child>) {
    if let Some(process) = process {
        // Gone already is as good.
        let _ = process.kill();
        let _ = process.wait();
    }
}
