//! `jumpgate schema`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::apply::ApplyReport;
use super::source::{self, Source};
use super::{Outcome, could_not_run};
use crate::access::schema::FILES;
use crate::answers::{Answer, List, Mine};
use crate::audit::Audit;
use crate::diagnostic::nearest;
use crate::import::Import;
use crate::report::{Approvals, CheckReport, Comparison, Drift, Report, Unused};
use crate::request::{self, Body};
use crate::{catalog, visible};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The schema to print; a list of all without one.
    #[arg(value_name = "NAME", conflicts_with_all = ["list", "all"])]
    name: Option<String>,
    /// List the schemas.
    #[arg(long, conflicts_with = "all")]
    list: bool,
    /// With `request`: the schema with the names of this access repo, for editors.
    #[arg(long, value_name = "DIR", requires = "name")]
    from: Option<PathBuf>,
    /// Write all schemas into this folder, each as NAME.schema.json.
    #[arg(long, value_name = "DIR")]
    all: Option<PathBuf>,
}

/// One schema.
struct Entry {
    name: &'static str,
    /// What it is for.
    of: String,
    schema: Schema,
}

pub(super) fn run(args: &Args) -> Outcome {
    let entries = entries();
    if let Some(folder) = &args.all {
        return match write(folder, &entries) {
            Ok(()) => Outcome::Done,
            Err(error) => {
                could_not_run(&format!("{} cannot be written: {error}", folder.display()))
            }
        };
    }
    let Some(name) = &args.name else {
        for entry in &entries {
            anstream::println!("{:<10} {}", entry.name, entry.of);
        }
        return Outcome::Done;
    };
    if let Some(dir) = &args.from {
        return match name.as_str() {
            "request" => of_repo(dir).unwrap_or_else(|outcome| outcome),
            _ => could_not_run(&"--from goes with `jumpgate schema request` alone"),
        };
    }
    match entries.iter().find(|entry| entry.name == name) {
        Some(entry) => {
            anstream::print!("{}", json(&entry.schema));
            Outcome::Done
        }
        None => {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
            could_not_run(&match nearest(name, names.iter().copied()) {
                Some(near) => format!("there is no schema {name}; did you mean {near}?"),
                None => format!("there is no schema {name}; there are {}", names.join(", ")),
            })
        }
    }
}

/// Prints the schema of requests with the names of an access repo.
fn of_repo(dir: &Path) -> Result<Outcome, Outcome> {
    let source = Source { dir: dir.to_owned(), rev: None };
    let (tree, access) = source.access(Timestamp::now())?;
    let catalog = source::catalog(&tree);
    let schema = catalog::request(&access, catalog.as_ref());
    anstream::println!("{}", visible::json(&schema));
    Ok(Outcome::Done)
}

/// The schemas of the files, then those of the outputs.
fn entries() -> Vec<Entry> {
    let files = FILES.iter().map(|kind| Entry {
        name: kind.name,
        of: kind.files.to_owned(),
        schema: kind.schema(),
    });
    let outputs = [
        output::<CheckReport>("check"),
        output::<Report>("plan"),
        output::<ApplyReport>("apply"),
        output::<Answer>("who"),
        output::<List>("list"),
        output::<Mine>("mine"),
        output::<Audit>("audit"),
        output::<Drift>("drift"),
        output::<Unused>("unused"),
        output::<Import>("import"),
        output::<Comparison>("effect"),
        output::<Approvals>("approvals"),
        output::<request::Answer>("answer"),
        output::<request::status::Status>("status"),
    ];
    let mut ask = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Body>();
    let of = "what `jumpgate request --json` takes".to_owned();
    ask.insert("title".to_owned(), of.clone().into());
    files.chain(outputs).chain([Entry { name: "ask", of, schema: ask }]).collect()
}

fn output<T: JsonSchema>(name: &'static str) -> Entry {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let command = match name {
        "effect" => "plan --base REVISION --format json",
        "answer" => "request --json FILE",
        "list" => "list servers|databases --format json",
        "import" => "import requests --format json",
        _ => &format!("{name} --format json"),
    };
    let of = format!("what `jumpgate {command}` prints");
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), of.clone().into());
    Entry { name, of, schema }
}

fn json(schema: &Schema) -> String {
    // Plain data with string keys always has a JSON form.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}

fn write(folder: &Path, entries: &[Entry]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in entries {
        fs::write(folder.join(format!("{}.schema.json", entry.name)), json(&entry.schema))?;
    }
    Ok(())
}
