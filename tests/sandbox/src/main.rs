//! The sandbox as a process of its own.

use std::io::Write as _;
use std::process::ExitCode;

use jumpgate_sandbox::{Options, Sandbox, Seed, Version};

const USAGE: &str = "usage: jumpgate-sandbox --version 3|4 [--port N] [--base-path /PATH] \
                     [--seed FILE.json] [--port-file FILE] [--admin-token-file FILE]";

#[derive(Debug)]
struct Arguments {
    options: Options,
    seed: Option<String>,
    port_file: Option<String>,
    token_file: Option<String>,
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments {
        options: Options::new(Version::V4),
        seed: None,
        port_file: None,
        token_file: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--version" => {
                found.options.version = match value()?.as_str() {
                    "3" => Version::V3,
                    "4" => Version::V4,
                    other => return Err(format!("--version is 3 or 4, not {other}")),
                };
            }
            "--port" => {
                let text = value()?;
                found.options.port = text
                    .parse()
                    .map_err(|_| format!("--port is a number up to 65535, not {text}"))?;
            }
            "--base-path" => found.options.base_path = value()?,
            "--seed" => found.seed = Some(value()?),
            "--port-file" => found.port_file = Some(value()?),
            "--admin-token-file" => found.token_file = Some(value()?),
            _ => return Err(format!("{word} is not known\n{USAGE}")),
        }
    }
    Ok(found)
}

async fn run() -> Result<(), String> {
    let arguments = arguments()?;
    let sandbox = Sandbox::start(arguments.options)
        .await
        .map_err(|error| format!("the sandbox can not start: {error}"))?;
    if let Some(path) = arguments.seed {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{path} can not be read: {error}"))?;
        let seed: Seed =
            serde_json::from_str(&text).map_err(|error| format!("{path} is no seed: {error}"))?;
        sandbox.seed(seed).map_err(|words| format!("{path}: {words}"))?;
    }
    // Who knows the address may end it.
    let end = end()?;
    for (path, text) in [
        (arguments.port_file, sandbox.port().to_string()),
        (arguments.token_file, sandbox.admin_token()),
    ] {
        if let Some(path) = path {
            std::fs::write(&path, text)
                .map_err(|error| format!("{path} can not be written: {error}"))?;
        }
    }
    // The caller reads this line; a closed pipe is his business.
    let _ = writeln!(std::io::stdout(), "{}", sandbox.url());
    end.await;
    Ok(())
}

/// Begins to listen for the signals that end the program, and waits for one.
#[cfg(unix)]
fn end() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen =
        |kind| signal(kind).map_err(|error| format!("signals can not be awaited: {error}"));
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Waits for the signal that ends the program.
#[cfg(not(unix))]
fn end() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        // Without signals it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            let _ = writeln!(std::io::stderr(), "{words}");
            ExitCode::FAILURE
        }
    }
}
