//! The pages of `docs/errors/`.

/// The fenced blocks of a page: the words behind the fence, and what is in them.
pub(crate) fn blocks(page: &str) -> Vec<(Vec<&str>, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((info.split(' ').collect(), body.join("\n") + "\n"));
    }
    blocks
}
