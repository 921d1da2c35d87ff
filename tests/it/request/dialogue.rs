//! The dialogue, at a real terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Api, FILE, Forge, Repo, at, path};

/// A command at a terminal of its own, which `script` of util-linux makes.
struct Screen {
    child: std::process::Child,
    input: std::process::ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
    at: usize,
}

impl Screen {
    fn start(repo: &Repo, args: &[String], environment: &[(&str, &str)]) -> Self {
        let quoted: Vec<String> = std::iter::once(env!("CARGO_BIN_EXE_jumpgate").to_owned())
            .chain(args.iter().cloned())
            .map(|arg| format!("'{arg}'"))
            .collect();
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--command", &quoted.join(" "), "/dev/null"])
            .current_dir(repo.dir())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", repo.0.path())
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("script runs");
        let input = child.stdin.take().expect("its input");
        let mut stdout = child.stdout.take().expect("its output");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, input, output, seen: String::new(), at: 0 }
    }

    /// Waits for a text behind what was waited for before.
    fn wait(&mut self, text: &str) {
        loop {
            if let Some(found) = self.seen[self.at..].find(text) {
                self.at += found + text.len();
                return;
            }
            match self.output.recv_timeout(Duration::from_secs(60)) {
                Ok(bytes) => self.seen.push_str(&plain(&String::from_utf8_lossy(&bytes))),
                Err(_) => panic!("{text:?} never came:\n{}", self.seen),
            }
        }
    }

    /// Answers a question.
    fn answer(&mut self, question: &str, keys: &str) {
        self.wait(question);
        self.input.write_all(keys.as_bytes()).expect("it is typed");
        self.input.flush().expect("it is typed");
    }

    /// The exit code, and all that stood on the screen.
    fn end(mut self) -> (i32, String) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(60)) {
            self.seen.push_str(&plain(&String::from_utf8_lossy(&bytes)));
        }
        drop(self.input);
        let status = self.child.wait().expect("it ends");
        (status.code().unwrap_or(-1), self.seen)
    }
}

/// A text without what moves the cursor.
fn plain(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                // ESC [ parameters letter
                rest.by_ref().find(|c| c.is_ascii_alphabetic());
            }
            '\r' => {}
            c => clean.push(c),
        }
    }
    clean
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_and_a_pull_request_is_opened() {
    let (repo, forge) = (Repo::new(), Forge::start(Api::Github).await);
    let args = [&words(&["request"])[..], &at(&forge, Api::Github)].concat();
    let (code, seen) = tokio::task::block_in_place(|| {
        let mut screen = Screen::start(&repo, &args, &[("JUMPGATE_FORGE_TOKEN", "bot-token")]);
        // Who asks is known by the address that git has.
        screen.answer("For whom [fanlichun]: ", "\r");
        screen.answer("Servers or databases: ", "s\t\r");
        screen.answer("Which nodes or servers: ", "pay-web-01, pay-lin\r");
        screen.wait("there is no node or server pay-lin here");
        screen.answer("Which nodes or servers: ", "pay-web-01\r");
        screen.answer("Which login (app, root): ", "app\r");
        screen.answer("Something else too [no]: ", "yes\r");
        screen.answer("Servers or databases: ", "databases\r");
        // Tab completes the only instance.
        screen.answer("Which instances: ", "ord\t\r");
        screen.answer("Which level (r, rw): ", "r\r");
        screen.answer("Which tables", "hr.*\r");
        screen.wait("there is no database hr here");
        screen.answer("Which tables", "orders.*, billing.cards(id, last4)\r");
        screen.answer("Something else too [no]: ", "\r");
        // Policy wants an end.
        screen.answer("Until when (2027-02-28, 30d, 4h): ", "\r");
        screen.wait("policy wants an end here");
        screen.answer("Until when (2027-02-28, 30d, 4h): ", "2099-02-28\r");
        screen.answer("Why: ", "PAY-1234: reconcile refunds\r");
        screen.answer("pull-request) [pull-request]: ", "\r");
        screen.wait("3 added");
        screen.answer("Open the pull request [yes]: ", "\r");
        screen.end()
    });
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("pull request #1: "), "{seen}");
    let pulls = forge.pulls();
    assert_eq!(pulls.len(), 1);
    let path = path("PAY-1234-reconcile-refunds");
    assert_eq!(repo.remote(&["show", &format!("{}:{path}", pulls[0].branch)]), FILE);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flags_say_is_not_asked_and_no_writes_nothing() {
    let repo = Repo::new();
    let args = words(&["request", "--for", "liwei", "--server", "pay-web-01", "--reason", "logs"]);
    let (code, seen) = tokio::task::block_in_place(|| {
        let mut screen = Screen::start(&repo, &args, &[]);
        screen.answer("Which login (app, root): ", "root\r");
        screen.answer("Until when (2027-02-28, 30d, 4h): ", "30d\r");
        screen.wait("policy allows at most 7 days here");
        screen.answer("Until when (2027-02-28, 30d, 4h): ", "4h\r");
        screen.answer("pull-request) [file]: ", "\r");
        screen.answer("Write the file [yes]: ", "no\r");
        screen.end()
    });
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("nothing was written"), "{seen}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_knows_the_names_of_the_catalogue_and_a_slip_is_told() {
    let repo = Repo::new();
    repo.put(
        "catalog.yaml",
        "version: 1\nread: 2026-12-01\njumpserver:\n  nodes:\n  - /Default/payments/eu\n  assets:\n  - \
         pay-web-77\ninstances:\n  orders-prod:\n    databases:\n      billing:\n      - \
         invoices\n      hr:\n      - people\n      orders:\n      - items\n",
    );
    let args = words(&["request", "--for", "liwei", "--reason", "logs", "--until", "2099-02-28"]);
    let (code, seen) = tokio::task::block_in_place(|| {
        let mut screen = Screen::start(&repo, &args, &[]);
        screen.answer("Servers or databases: ", "servers\r");
        screen.answer("Which nodes or servers: ", "pay-web-7\t, /Default/payments/e\t\r");
        screen.answer("Which login (app, root): ", "app\r");
        screen.answer("Something else too [no]: ", "yes\r");
        screen.answer("Servers or databases: ", "databases\r");
        screen.answer("Which instances: ", "orders-prod\r");
        screen.answer("Which level (r, rw): ", "r\r");
        screen.answer("Which tables", "billing.inv\t, orders.itms\r");
        screen.answer("Something else too [no]: ", "\r");
        screen.answer("pull-request) [file]: ", "\r");
        screen.wait("has no table orders.itms of orders-prod");
        screen.wait("did you mean `orders.items`?");
        screen.answer("Write the file [yes]: ", "\r");
        screen.end()
    });
    assert_eq!(code, 0, "{seen}");
    let file = repo.read(&path("logs"));
    for words in ["- pay-web-77\n", "- /Default/payments/eu\n", "- billing.invoices\n"] {
        assert!(file.contains(words), "{words}: {file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_writes_nothing() {
    let repo = Repo::new();
    let (code, seen) = tokio::task::block_in_place(|| {
        let mut screen = Screen::start(&repo, &words(&["request"]), &[]);
        screen.answer("For whom [fanlichun]: ", "\u{3}");
        screen.end()
    });
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("there was no answer: nothing was written"), "{seen}");
}
