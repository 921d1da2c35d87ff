//! What a process that holds passwords and tokens does about its own end and its memory.

use std::any::Any;
use std::error::Error;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook};

use super::Outcome;

/// More of them have nothing to do in the largest repo.
const THREADS: usize = 8;

/// No core file, and on Linux no look into the memory and the environment by other
/// processes of the same user. Where the system refuses, the command runs all the same.
pub(super) fn keep_to_itself() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // A core that is piped to a program does not ask for the limit, but for this.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Starts the threads that look at many objects side by side, unless they are there.
///
/// # Errors
/// When the system gives none.
pub(super) fn start_threads() -> io::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS));
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build_global() {
        // Only what the system refuses has a source.
        Err(error) if error.source().is_some() => Err(io::Error::other(error)),
        _ => Ok(()),
    }
}

/// Runs a command; a panic in it becomes an error in words that hold no data.
pub(super) fn run(command: impl FnOnce() -> Outcome) -> Outcome {
    set_hook(Box::new(|panic| {
        // The hook must not panic itself: what cannot be written is lost.
        let _ = writeln!(std::io::stderr(), "error: {}", words(panic.payload(), panic.location()));
    }));
    catch_unwind(AssertUnwindSafe(command)).unwrap_or(Outcome::CouldNotRun)
}

/// What is told of a panic: its place, and its text only when the source holds it as it is.
fn words(payload: &(dyn Any + Send), place: Option<&Location<'_>>) -> String {
    let formatted = payload.downcast_ref::<String>();
    // So say the macros that print.
    if formatted.is_some_and(|text| text.starts_with("failed printing to ")) {
        return "the output cannot be written: nobody reads it, or there is no room".to_owned();
    }
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    let text = payload.downcast_ref::<&'static str>();
    let text = text.map(|text| format!(": {text}")).unwrap_or_default();
    format!(
        "a fault in jumpgate {}{place}{text}; please report it. What was being done is taken up \
         by the next run",
        env!("JUMPGATE_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_place_and_no_data() {
        let secret = "s3cret-of-many-letters";
        let place = Some(Location::caller());
        let formatted: Box<dyn Any + Send> = Box::new(format!("refused {secret}"));
        let told = words(&*formatted, place);
        assert!(!told.contains("refused") && told.contains("src/cli/process.rs:"), "{told}");
        let literal: Box<dyn Any + Send> = Box::new("the steps stand in order");
        assert!(words(&*literal, place).contains(": the steps stand in order;"));
        let printing = "failed printing to stdout: Broken pipe (os error 32)";
        let printing: Box<dyn Any + Send> = Box::new(printing.to_owned());
        assert!(words(&*printing, place).starts_with("the output cannot be written"));
    }
}
