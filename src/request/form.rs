//! The body of an issue that was written with the form of
//! `examples/access-repo/.github/ISSUE_TEMPLATE/access.yml`: headings with answers below them.
//!
//! Whoever may open an issue writes this text. It is only ever data: what is taken from it
//! goes through the same checks as any request.

use super::{Ask, DatabaseAsk, Invalid, ServerAsk};

/// What GitHub, Gitea and Forgejo write where nothing was answered.
const NOTHING: [&str; 2] = ["_No response_", "None"];

/// The answers of an issue's body. Answers to questions that the form does not have are
/// errors, so that a changed form is not read in part.
///
/// # Errors
/// What is missing or unknown, in words for the person who wrote the issue.
pub fn form(body: &str) -> Result<Ask, Invalid> {
    let mut ask = Ask::default();
    let mut server = ServerAsk::default();
    let mut database = DatabaseAsk::default();
    for (question, answer) in answers(body)? {
        match question.as_str() {
            "for whom" => ask.people = entries(&answer),
            "reason" => ask.reason = answer,
            "from" => ask.from = Some(answer),
            "until" => ask.until = Some(answer),
            "servers" => {
                let (nodes, assets): (Vec<_>, Vec<_>) =
                    entries(&answer).into_iter().partition(|entry| entry.starts_with('/'));
                (server.nodes, server.assets) = (nodes, assets);
            }
            "login" => server.login = answer,
            "databases" => database.instances = entries(&answer),
            "level" => database.level = answer,
            "tables" => database.tables = lines(&answer),
            other => {
                return Err(Invalid(format!(
                    "the issue has a heading that is no question of the form: {other:?}"
                )));
            }
        }
    }
    let mut missing = Vec::new();
    if ask.people.is_empty() {
        missing.push("For whom");
    }
    if ask.reason.trim().is_empty() {
        missing.push("Reason");
    }
    let (servers, databases) = (
        !server.nodes.is_empty() || !server.assets.is_empty(),
        !database.instances.is_empty() || !database.tables.is_empty(),
    );
    if servers && server.login.is_empty() {
        missing.push("Login");
    }
    if databases {
        for (name, none) in [
            ("Databases", database.instances.is_empty()),
            ("Level", database.level.is_empty()),
            ("Tables", database.tables.is_empty()),
        ] {
            missing.extend(none.then_some(name));
        }
    }
    if !servers && !databases {
        missing.push("Servers or Databases");
    }
    if !missing.is_empty() {
        return Err(Invalid(format!("the issue does not answer: {}", missing.join(", "))));
    }
    if servers {
        ask.servers.push(server);
    }
    if databases {
        ask.databases.push(database);
    }
    Ok(ask.tidy())
}

/// Questions in lower case with their answers; questions without an answer are left out.
fn answers(body: &str) -> Result<Vec<(String, String)>, Invalid> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for line in body.lines() {
        if let Some(question) = line.strip_prefix("### ") {
            found.push((question.trim().to_lowercase(), Vec::new()));
        } else if let Some((_, answer)) = found.last_mut() {
            answer.push(line);
        } else if !line.trim().is_empty() {
            return Err(Invalid("the issue was not written with the form for access".to_owned()));
        }
    }
    for (at, (question, _)) in found.iter().enumerate() {
        if found[..at].iter().any(|(before, _)| before == question) {
            return Err(Invalid(format!("the issue answers {question:?} twice")));
        }
    }
    let answers = found.into_iter().map(|(question, lines)| {
        let text = lines.join("\n").trim().to_owned();
        (question, if NOTHING.contains(&text.as_str()) { String::new() } else { text })
    });
    Ok(answers.filter(|(_, answer)| !answer.is_empty()).collect())
}

/// Names on lines of their own or behind commas.
fn entries(answer: &str) -> Vec<String> {
    let entries = answer.split(['\n', ',']).map(bullet).filter(|text| !text.is_empty());
    entries.map(str::to_owned).collect()
}

/// One entry a line: commas stand between columns.
fn lines(answer: &str) -> Vec<String> {
    answer.lines().map(bullet).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// An entry without the dash of a list.
fn bullet(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("- ").unwrap_or(text).trim()
}
