//! What a pull request changes, for a reviewer with thirty seconds.

use std::collections::BTreeMap;

use super::super::comparison::{Comparison, Live};
use super::super::phrase::{self, Phrase, count};
use super::page::Page;
use super::{Form, escape, finding, left_out, plan};
use crate::effect::{Row, Setting, Side, Thing};
use crate::plan::finding::Severity;

/// So many people's tables stand open; more are folded.
const OPEN: usize = 5;
/// So many entries of a list stand open.
const LISTED: usize = 10;
/// So many places are named in a sentence, and in a cell.
const FEW: usize = 4;
const SOME: usize = 12;

/// The comment. The same report gives the same bytes; it is never longer than the limit.
pub fn render(report: &Comparison, form: &Form) -> String {
    let mut page = Page::new(form.limit.max(super::LEAST));
    let first = first(report);
    let first = if page.add(&first, 40) { None } else { Some(short(report)) };
    if let Some(first) = first {
        page.add(&first, 60);
    }
    page.add(&summary(report), 60);
    let head = report.head.as_deref();
    let links = &form.links;

    let of = |severity: Severity| -> Vec<String> {
        let some = report.findings.iter().filter(|finding| finding.severity == severity);
        some.map(|one| finding(one, links, head)).collect()
    };
    let mut findings_left =
        page.list("### Refused by the policy of the base\n\n", &of(Severity::Error), LISTED, 30);
    let mut dangerous: Vec<&Row> =
        report.rows.iter().filter(|row| !row.dangers.is_empty()).collect();
    dangerous.sort_by_key(|row| row.dangers.first().copied());
    let lines: Vec<String> = phrase::alike(&dangerous)
        .iter()
        .map(|(people, row)| {
            let sentence = super::phrase(&phrase::sentence(people, row, FEW));
            let link = row.because.first().map(|source| links.to(&source.site, head));
            let dangers = phrase::dangers(&row.dangers);
            format!("- **{dangers}**: {sentence} ({})\n", link.unwrap_or_default())
        })
        .collect();
    // The rows come again in the tables: what does not fit here is not lost.
    let more = page.list("### Look twice\n\n", &lines, LISTED, 45);
    if more > 0 {
        page.add(&format!("{} to look at twice below.\n\n", count(more, "more change")), 50);
    }
    let mut others = of(Severity::Risk);
    others.extend(of(Severity::Warning));
    others.extend(of(Severity::Notice));
    findings_left += page.list("### Good to know\n\n", &others, LISTED, 55);

    let settings: Vec<String> = report.settings.iter().map(setting).collect();
    let settings_left = page.section(
        "### Rules, targets, people and teams\n\nUntil the merge the base's count.\n\n\
         | File | What | Before | After |\n|---|---|---|---|\n",
        &settings,
        "\n",
        65,
    );
    let rows_left = people(report, form, &mut page);
    let steps_left = live(&report.live, form, head, &mut page);
    let mut foot = left_out(&[
        (findings_left, "finding"),
        (settings_left, "edited setting"),
        (rows_left, "change"),
        (steps_left, "step"),
    ]);
    foot.push_str(&compared(report));
    page.finish(&foot)
}

/// Who gets what where until when: the three that matter most.
fn first(report: &Comparison) -> String {
    if report.rows.is_empty() {
        let settings =
            if report.settings.is_empty() { "" } else { " Rules or targets are edited." };
        return format!("**Nobody's access changes.**{settings}\n\n");
    }
    let mut rows: Vec<&Row> = report.rows.iter().collect();
    rows.sort_by_key(|row| (row.dangers.is_empty(), row.dangers.first().copied()));
    let said = phrase::alike(&rows);
    let shown: Vec<String> = said
        .iter()
        .take(3)
        .map(|(people, row)| super::phrase(&phrase::sentence(people, row, FEW)))
        .collect();
    let more: usize = said.iter().skip(3).map(|(people, _)| people.len()).sum();
    let more =
        if more > 0 { format!("; and {}", count(more, "more change")) } else { String::new() };
    format!("{}{more}.\n\n", shown.join("; "))
}

/// The same when names are too long for it.
fn short(report: &Comparison) -> String {
    format!("**The access of {} changes.**\n\n", report.summary.people())
}

fn summary(report: &Comparison) -> String {
    let counts = &report.summary;
    let mut text = match counts.words() {
        Some(words) => format!("**{}**: {words}.", counts.people()),
        None => String::new(),
    };
    let needs: Vec<String> =
        report.needs.iter().take(LISTED).map(|need| super::phrase(&phrase::need(need))).collect();
    if !needs.is_empty() {
        let more = match report.needs.len() - needs.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        text.push_str(&format!(" **Needs** {}{more}.", needs.join("; ")));
    }
    if text.is_empty() { text } else { format!("{}\n\n", text.trim_start()) }
}

fn setting(setting: &Setting) -> String {
    let cell = |text: &Option<String>| match text {
        Some(text) => escape::code(text),
        None => "–".to_owned(),
    };
    format!(
        "| {} | {} | {} | {} |\n",
        escape::code(&setting.file),
        escape::code(&setting.name),
        cell(&setting.before),
        cell(&setting.after)
    )
}

/// A table for each person; gives how many rows do not fit.
fn people(report: &Comparison, form: &Form, page: &mut Page) -> usize {
    let mut people: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &report.rows {
        people.entry(row.person.as_str()).or_default().push(row);
    }
    let folded = people.len() > OPEN;
    // People with the worst to show come first: what does not fit is the harmless rest.
    let mut order: Vec<(&str, Vec<&Row>)> = people.into_iter().collect();
    order.sort_by_key(|(person, rows)| {
        let worst = rows.iter().filter_map(|row| row.dangers.first().copied()).min();
        (worst.is_none(), worst, *person)
    });
    let mut left = 0;
    for (person, rows) in order {
        let name = rows.first().map_or("", |row| row.name.as_str());
        let table = "| | What | Before | After | Why |\n|---|---|---|---|---|\n";
        let (open, close) = if folded {
            let name =
                if name == person { String::new() } else { format!(" {}", escape::html(name)) };
            let changes = count(rows.len(), "change");
            let person = escape::html(person);
            (
                format!("<details><summary>{person}{name}: {changes}</summary>\n\n{table}"),
                "\n</details>\n\n",
            )
        } else {
            let name =
                if name == person { String::new() } else { format!(" {}", escape::prose(name)) };
            (format!("### {}{name}\n\n{table}", escape::code(person)), "\n")
        };
        let rows: Vec<String> = rows.iter().map(|row| line(row, report, form)).collect();
        left += page.section(&open, &rows, close, 85);
    }
    left
}

/// A row of a person's table.
fn line(row: &Row, report: &Comparison, form: &Form) -> String {
    let period = |side: &Option<Side>| match side {
        Some(side) => in_cell(side),
        None => "–".to_owned(),
    };
    let whole = |side: &Option<Side>, fine: bool| match side {
        Some(side) => {
            let mut text = super::phrase(&phrase::thing(&side.thing, SOME));
            if fine {
                text.push_str("<br>");
                text.push_str(&super::phrase(&phrase::fine_print(side)));
            }
            text.push_str("<br>");
            text.push_str(&in_cell(side));
            text
        }
        None => "–".to_owned(),
    };
    let (mut what, before, after) = match (&row.before, &row.after) {
        (Some(before), Some(after)) if before.thing != after.thing || before.user != after.user => {
            // When the words alone look alike, the fine print tells what differs.
            let alike = phrase::thing(&before.thing, SOME) == phrase::thing(&after.thing, SOME);
            (place(&after.thing), whole(&row.before, alike), whole(&row.after, alike))
        }
        (before, after) => {
            let side = after.as_ref().or(before.as_ref());
            let what = side.map(|side| super::phrase(&phrase::thing(&side.thing, SOME)));
            (what.unwrap_or_default(), period(before), period(after))
        }
    };
    if let Some(side) = row.after.as_ref().or(row.before.as_ref()) {
        what.push_str(&format!("<br>{}", escape::code(&side.environment)));
    }
    if !row.dangers.is_empty() {
        what.push_str(&format!("<br>⚠️ **{}**", phrase::dangers(&row.dangers)));
    }
    if row.refused {
        what.push_str("<br>**gets nothing: the branch's own policy refuses it**");
    }
    let commit = match row.after {
        Some(_) => report.head.as_deref(),
        None => Some(report.base.as_str()),
    };
    let mut why: Vec<String> = row
        .because
        .iter()
        .take(FEW)
        .map(|source| {
            let team = source.team.as_ref();
            let team = team.map(|team| format!(", for {}", escape::code(&format!("team/{team}"))));
            format!(
                "{}<br>{}{}",
                form.links.to(&source.site, commit),
                escape::prose(&source.reason),
                team.unwrap_or_default()
            )
        })
        .collect();
    if row.because.len() > FEW {
        why.push(format!("and {}", count(row.because.len() - FEW, "more request")));
    }
    if !row.by.is_empty() {
        let files = Phrase::default().list(row.by.iter().map(String::as_str), FEW);
        why.push(format!("changed by {}", super::phrase(&files)));
    }
    let kind = phrase::kind(row.kind);
    format!("| **{kind}** | {what} | {before} | {after} | {} |\n", why.join("<br>"))
}

/// A period in a narrow cell.
fn in_cell(side: &Side) -> String {
    super::phrase(&phrase::periods(&side.periods)).replace(" until ", "<br>until ")
}

/// Where a change happens, without what it is about.
fn place(thing: &Thing) -> String {
    match thing {
        Thing::Servers { .. } => "servers".to_owned(),
        Thing::Database { instance, .. } => escape::code(instance.as_str()),
    }
}

/// What the next apply would do; gives how many steps do not fit.
fn live(live: &Live, form: &Form, commit: Option<&str>, page: &mut Page) -> usize {
    match live {
        Live::NotRead { why, .. } => {
            page.add(&format!("Not compared with the live state: {}.\n\n", escape::prose(why)), 92);
            0
        }
        Live::Read { people, pending, due, findings, known, stop_message, .. } => {
            if let Some(stop) = stop_message {
                let stop = escape::prose(stop);
                page.add(&format!("**The guard would stop the next apply**: {stop}\n\n"), 90);
            }
            let found: Vec<String> =
                findings.iter().map(|one| finding(one, &form.links, commit)).collect();
            let mut left = page.list("### Found on the servers\n\n", &found, LISTED, 90);
            let steps: Vec<String> =
                people.iter().flat_map(|person| &person.steps).map(plan::step).collect();
            let open = format!(
                "<details><summary>The next apply after the merge: {}</summary>\n\n",
                count(steps.len(), "step")
            );
            left += page.section(&open, &steps, "\n</details>\n\n", 94);
            if steps.is_empty() {
                page.add("The next apply has nothing to do because of this.\n\n", 94);
            }
            let waiting: Vec<String> = pending.iter().map(plan::step).collect();
            let open = format!(
                "<details><summary>Pending without it (drift, or merged and not yet applied): \
                 {}</summary>\n\n",
                count(waiting.len(), "step")
            );
            left += page.section(&open, &waiting, "\n</details>\n\n", 97);
            let mut rest = Vec::new();
            if *due > 0 {
                rest.push(format!("{} due without it", count(*due, "end")));
            }
            if *known > 0 {
                rest.push(format!("{} without it, too", count(*known, "finding")));
            }
            if !rest.is_empty() {
                page.add(&format!("Also: {}.\n\n", rest.join(", ")), 98);
            }
            left
        }
    }
}

/// Which commits were compared.
fn compared(report: &Comparison) -> String {
    let short = |commit: &str| escape::code(commit.get(..12).unwrap_or(commit));
    let head = report.head.as_deref().map_or_else(|| "the files of the folder".to_owned(), short);
    format!("<sub>{head} against {}, which judges it.</sub>\n", short(&report.base))
}
