//! The main job from end to end, on this machine: an access repo in git, a private MariaDB
//! server, and a server that answers as JumpServer does. `make demo` runs it.
//!
//! Nothing of the machine is changed: everything stands in a temporary folder, which goes
//! with the end.

#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod scene;

use std::process::ExitCode;

use anyhow::Result;
use jiff::{Timestamp, Unit, ZonedDateTime};

use scene::Scene;

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThe demo stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<()> {
    let scene = Scene::set().await?;
    scene.say("An access repo is a folder of YAML in git. Its checks need no server at all.");
    scene.shell("git log --oneline")?;
    scene.shell("cat requests/2026/PAY-1234-refunds.yaml")?;
    scene.jumpgate(&["check"], 0)?;

    scene.say("The plan shows on the pull request who gets what until when. It only reads.");
    scene.jumpgate(&["plan"], 0)?;

    scene.say("The request is merged, and cron runs apply.");
    scene.jumpgate(&["apply", "--yes"], 0)?;

    scene.say(
        "The person opens the database in JumpServer, which logs in with a password that nobody \
         has seen. Here the demo does it in JumpServer's place:",
    );
    scene.query("SELECT * FROM billing.invoices").await?;
    scene.query("SELECT id, last4 FROM billing.cards").await?;
    scene.query("SELECT secret FROM billing.cards").await?;
    scene.query("DELETE FROM orders.items").await?;

    scene.say("Cron runs apply again: nothing to do, and not one write is sent.");
    scene.jumpgate(&["apply", "--yes"], 0)?;
    scene.count_writes()?;

    scene.say("A change is merged: one table less, and the end is near.");
    let end = soon()?;
    let from = scene.request_from(&format!("{} 00:00", end.date().yesterday()?));
    scene.merge(
        "Refunds are nearly done",
        &from
            .replace(&scene.until(), &end.strftime("%Y-%m-%d %H:%M").to_string())
            .replace("      - orders.*\n", ""),
    )?;
    scene.shell("git show --format=%s --unified=0 HEAD")?;
    scene.jumpgate(&["apply", "--yes"], 0)?;
    scene.query("SELECT * FROM orders.items").await?;

    let after = end.timestamp() + jiff::SignedDuration::from_secs(60);
    scene.say("What will happen when the end has come? A plan can look ahead.");
    scene.jumpgate(&["plan", "--at", &after.to_string()], 0)?;

    scene.wait_until(end.timestamp()).await;
    scene.say("The end has come. Nobody did anything; cron runs apply.");
    scene.jumpgate(&["apply", "--yes"], 0)?;
    scene.login_is_refused().await?;

    scene.say("That was all. Point it at your own servers: README.md says how.");
    Ok(())
}

/// The next whole minute that is far enough away for one apply.
fn soon() -> Result<ZonedDateTime> {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai")?;
    let now = Timestamp::now() + jiff::SignedDuration::from_secs(15);
    let rounding =
        jiff::ZonedDateTimeRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
    Ok(now.to_zoned_datetime(zone).round(rounding)?)
}
