//! The log, on standard error, when `JUMPGATE_LOG` asks for one.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const VARIABLE: &str = "JUMPGATE_LOG";

/// Starts the log. Only jumpgate's own events are in it, which hold no secret; what its
/// libraries would say of requests and statements is left out, whatever the level.
///
/// # Errors
/// When the variable names no level.
pub(super) fn start() -> Result<(), String> {
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let level =
        text.to_str().and_then(|text| text.parse::<LevelFilter>().ok()).ok_or_else(|| {
            format!("{VARIABLE} names no level: expected error, warn, info, debug, trace or off")
        })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let ours = Targets::new().with_target("jumpgate", level);
    // Fails only when there is a log already, which is as good.
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
    Ok(())
}
