//! Names of requests that the catalogue does not know. All of it is a warning: the catalogue
//! may be older than what it names, and the plan asks the servers.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Catalog, PATH, Tables, Wrong};
use crate::access::model::{Access, DatabaseWant, Request, Scope, ServerWant, Site};
use crate::access::span;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::names::InstanceName;
use crate::repo::Tree;

/// For so many unknown names the nearest one is looked for: each takes a look at all names.
const MOST_HINTS: usize = 20;

/// So many unknown names are told.
const MOST: usize = 1_000;

/// What the catalogue of a repo does not know of what its requests name, by place; nothing
/// when the repo has no catalogue. Requests that are over are left out.
pub fn check(tree: &Tree, access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    let catalog = match Catalog::of(tree) {
        None => return Vec::new(),
        Some(Ok(catalog)) => catalog,
        Some(Err(wrong)) => return vec![unreadable(tree, &wrong)],
    };
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let mut checks =
        Checks { catalog: &catalog, access, today, hints: MOST_HINTS, found: Vec::new() };
    let live = access.requests.values().filter(|request| !request.period.is_over(now));
    for request in live {
        checks.request(request);
    }
    let mut found = checks.found;
    found.sort_by(|a, b| (&a.site, &a.message).cmp(&(&b.site, &b.message)));
    found.dedup();
    found.truncate(MOST);
    for notice in &mut found {
        notice.span = span(tree, &notice.site);
    }
    found
}

/// Says that the file is no catalogue.
fn unreadable(tree: &Tree, wrong: &Wrong) -> Diagnostic {
    let site = Site { file: Arc::from(PATH), line: wrong.line, column: 1 };
    Diagnostic {
        code: Code::NoCatalog,
        span: span(tree, &site),
        site,
        message: "the catalogue is not as `jumpgate catalog` writes it: nothing is checked by it"
            .to_owned(),
        expected: format!("expected {}", wrong.expected),
        help: Some("take the file out, and run `jumpgate catalog` again".to_owned()),
    }
}

struct Checks<'a> {
    catalog: &'a Catalog,
    access: &'a Access,
    today: Date,
    hints: usize,
    found: Vec<Diagnostic>,
}

impl Checks<'_> {
    fn request(&mut self, request: &Request) {
        if self.found.len() >= MOST {
            return;
        }
        for want in &request.servers {
            self.servers(want);
        }
        for want in &request.databases {
            self.databases(want);
        }
    }

    fn servers(&mut self, want: &ServerWant) {
        let Some(part) = &self.catalog.jumpserver else { return };
        let day = self.catalog.day(part);
        for (names, known, what) in
            [(&want.nodes, &part.holds.nodes, "node"), (&want.assets, &part.holds.assets, "asset")]
        {
            for (name, site) in names.iter().filter(|(name, _)| !known.contains(name)) {
                let near = self.near(name, known.iter().map(String::as_str), str::to_owned);
                self.tell(site, format!("{what} {name}"), day, near);
            }
        }
    }

    fn databases(&mut self, want: &DatabaseWant) {
        let catalog = self.catalog;
        for (instance, _) in &want.instances {
            let retired = self.access.instances.get(instance).is_none_or(|found| found.retired);
            let Some(part) = catalog.instance(self.access, instance) else { continue };
            // Whoever sees a part cannot call a name unknown.
            if retired || part.holds.partial {
                continue;
            }
            for (scope, site) in &want.tables {
                self.scope((instance, &part.holds, catalog.day(part)), scope, site);
            }
        }
    }

    fn scope(&mut self, at: (&InstanceName, &Tables, Date), scope: &Scope, site: &Site) {
        let (instance, known, day) = at;
        let fold = |name: &str| fold(known, name);
        let database = scope.database();
        let Some(tables) = known.databases.get(&fold(database)) else {
            let names = known.databases.keys().map(String::as_str);
            let near = self.near(database, names, str::to_owned);
            return self.tell(site, format!("database {database} of {instance}"), day, near);
        };
        let (Scope::Table(_, table) | Scope::Columns(_, table, _)) = scope else { return };
        let Some(columns) = tables.get(&fold(table)) else {
            let near = self.near(table, tables.keys().map(String::as_str), |near| {
                Scope::Table(database.to_owned(), near.to_owned()).to_string()
            });
            return self.tell(site, format!("table {database}.{table} of {instance}"), day, near);
        };
        let Scope::Columns(.., asked) = scope else { return };
        // Names of columns are the same in any case; none are known when none were read.
        let there: BTreeSet<String> = columns.iter().map(|column| column.to_lowercase()).collect();
        let unknown = |column: &&String| !there.contains(&column.to_lowercase());
        for column in asked.iter().filter(unknown).filter(|_| !columns.is_empty()) {
            let near = self.near(column, columns.iter().map(String::as_str), str::to_owned);
            let what = format!("column {column} in {database}.{table} of {instance}");
            self.tell(site, what, day, near);
        }
    }

    fn near<'n>(
        &mut self,
        name: &str,
        known: impl Iterator<Item = &'n str>,
        written: impl FnOnce(&str) -> String,
    ) -> Option<String> {
        self.hints = self.hints.checked_sub(1)?;
        nearest(name, known).map(|near| format!("did you mean `{}`?", written(near)))
    }

    /// Says that the catalogue of a day does not have something. Whether it was there is not
    /// known: the catalogue holds what the inventory offered.
    fn tell(&mut self, site: &Site, what: String, day: Date, help: Option<String>) {
        let days = (self.today - day).get_days();
        let age = match days {
            i32::MIN..=0 => "today".to_owned(),
            1 => "a day ago".to_owned(),
            days => format!("{days} days ago"),
        };
        self.found.push(Diagnostic {
            code: Code::NotInCatalog,
            site: site.clone(),
            span: 0..0,
            message: format!("the catalogue of {day} ({age}) has no {what}"),
            expected: "expected a name that it knows: it holds what the inventory offered then"
                .to_owned(),
            help,
        });
    }
}

/// A name as the server compares it.
fn fold(tables: &Tables, name: &str) -> String {
    if tables.any_case { name.to_lowercase() } else { name.to_owned() }
}
