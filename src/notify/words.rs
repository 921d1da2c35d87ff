//! The words of messages, in English and in Chinese.

use super::event::{Event, Links, NAMED};
use crate::access::notify::{Language, What};
use crate::names::PersonName;
use crate::plural::listed;
use crate::visible::clean;

/// The longest text of an author that is repeated, in characters.
const LONGEST: usize = 300;

/// The title of a message about some events.
pub(super) fn title(language: Language, owner: &str, events: &[&Event]) -> String {
    let counts = What::ALL.into_iter().filter_map(|what| {
        let count = events.iter().filter(|event| event.what == what).count();
        (count > 0).then(|| counted(language, what, count))
    });
    let counts: Vec<String> = counts.collect();
    match language {
        Language::English => format!("jumpgate {owner}: {}", counts.join(", ")),
        Language::Chinese => format!("jumpgate {owner}：{}", counts.join("，")),
    }
}

fn counted(language: Language, what: What, count: usize) -> String {
    match language {
        Language::English => {
            let s = if count == 1 { "" } else { "s" };
            match what {
                What::Ending => {
                    format!("{count} access{} soon", if count == 1 { " ends" } else { "es end" })
                }
                What::Granted => format!("{count} granted"),
                What::Removed => format!("{count} removed"),
                What::Changed => format!("{count} changed"),
                What::Failed => format!("{count} failed"),
                What::Overdue => format!("{count} end{s} overdue"),
                What::Emergency => {
                    format!(
                        "{count} emergenc{} without approval",
                        if count == 1 { "y" } else { "ies" }
                    )
                }
            }
        }
        Language::Chinese => match what {
            What::Ending => format!("{count} 项访问即将到期"),
            What::Granted => format!("{count} 项已授予"),
            What::Removed => format!("{count} 项已收回"),
            What::Changed => format!("{count} 项已变更"),
            What::Failed => format!("{count} 项失败"),
            What::Overdue => format!("{count} 项到期未收回"),
            What::Emergency => format!("{count} 项紧急访问尚未补批"),
        },
    }
}

/// One event over some lines. Nothing of it is hidden, or longer than a person reads.
pub(super) fn entry(language: Language, event: &Event, links: &Links) -> String {
    let who = match event.what {
        // Its parties stand in the text.
        What::Emergency => String::new(),
        _ => listed(event.people.iter().map(PersonName::as_str), NAMED),
    };
    let things = clean(&event.things.join("; "));
    let until = event.until.as_deref().unwrap_or_default();
    let why = event.why.as_deref().map(shown);
    let english = language == Language::English;
    let mut lines = Vec::new();
    let subject = |rest: String| match (who.is_empty(), english) {
        (true, _) => rest,
        (false, true) => format!("{who}: {rest}"),
        (false, false) => format!("{who}：{rest}"),
    };
    lines.push(match (event.what, english) {
        (What::Ending, true) => subject(format!("{things} ends {until}")),
        (What::Ending, false) => subject(format!("{things} 于 {until} 到期")),
        (What::Granted, true) if until.is_empty() => subject(format!("granted: {things}")),
        (What::Granted, true) => subject(format!("granted until {until}: {things}")),
        (What::Granted, false) if until.is_empty() => subject(format!("已授予：{things}")),
        (What::Granted, false) => subject(format!("已授予，至 {until}：{things}")),
        (What::Removed, true) => subject(format!("removed: {things}")),
        (What::Removed, false) => subject(format!("已收回：{things}")),
        (What::Changed, true) => subject(format!("changed: {things}")),
        (What::Changed, false) => subject(format!("已变更：{things}")),
        (What::Failed, true) => subject(format!("failed: {things}")),
        (What::Failed, false) => subject(format!("失败：{things}")),
        (What::Overdue, true) => {
            format!("an end has passed and still stands: {until}; see `jumpgate plan`")
        }
        (What::Overdue, false) => format!("{until} 已到期但尚未收回，请查看 jumpgate plan"),
        (What::Emergency, true) => {
            format!("emergency for {things} until {until}: no owner has approved it yet")
        }
        (What::Emergency, false) => format!("紧急访问（{things}，至 {until}）尚无负责人补批"),
    });
    let request = event.request.as_deref();
    lines.extend(match (event.what, why, request) {
        (What::Failed, Some(why), _) => Some(why),
        (_, Some(why), Some(request)) => Some(format!("{request}: {why}")),
        (_, Some(why), None) => Some(why),
        (_, None, Some(request)) => Some(request.to_owned()),
        (_, None, None) => None,
    });
    if let (What::Ending, Some(request), Some(file)) = (event.what, request, &event.file) {
        lines.push(format!("jumpgate renew {request} --until DATE --pull-request"));
        lines.extend(links.to(file));
    }
    if let (What::Emergency, Some(request)) = (event.what, request) {
        lines.push(format!("jumpgate approve-emergency {request} --by OWNER --pull-request"));
    }
    lines.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n  ")
}

/// A text of an author, or of a server, as far as anybody reads it.
fn shown(text: &str) -> String {
    let text = clean(text);
    match text.chars().count() > LONGEST {
        true => text.chars().take(LONGEST).chain(['…']).collect(),
        false => text,
    }
}

/// Says how much more there is than fits.
pub(super) fn more(language: Language, count: usize) -> String {
    match language {
        Language::English => {
            format!("... and {count} more; see `jumpgate plan` and `jumpgate who`")
        }
        Language::Chinese => format!("……另有 {count} 项，请查看 jumpgate plan 与 jumpgate who"),
    }
}
