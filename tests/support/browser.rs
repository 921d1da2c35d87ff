//! A real browser without a window, told what to do by the DevTools protocol over two pipes.
//!
//! `scripts/test-servers` gets it; `JUMPGATE_TEST_SERVERS` names another folder than
//! `target/servers`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page open.
pub(crate) struct Browser {
    child: Child,
    orders: File,
    answers: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What the page complained of: errors, and whatever else came to the console.
    pub(crate) complaints: Vec<String>,
    loaded: usize,
    folder: TempDir,
}

impl Browser {
    /// Opens a page that is a text, as a file, with a fragment such as `#q=fanlichun`.
    pub(crate) fn open(page: &str, fragment: &str, size: (u32, u32)) -> Self {
        let mut browser = Self::start();
        let target = browser.send("Target.createTarget", json!({ "url": "about:blank" }));
        let target = target["targetId"].as_str().expect("a page").to_owned();
        let attached =
            browser.send("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        browser.size(size);
        let path = browser.folder.path().join("page.html");
        fs::write(&path, page).expect("the page as a file");
        browser.send(
            "Page.navigate",
            json!({ "url": format!("file://{}{fragment}", path.display()) }),
        );
        while browser.loaded == 0 {
            browser.take();
        }
        browser
    }

    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("jg").tempdir().expect("a folder");
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
            assert!(made.success(), "a pipe");
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let log = File::create(folder.path().join("log")).expect("a log file");
        // The browser reads orders from 3 and answers on 4.
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\""])
            .arg(installed().join("browser"))
            .args([
                "--remote-debugging-pipe",
                "--hide-scrollbars",
                "--no-first-run",
                "--lang=en-US",
            ])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("TO", &to)
            .env("FROM", &from)
            .env("HOME", folder.path())
            .env("TZ", "Asia/Shanghai")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("the browser is started");
        let orders = File::options().write(true).open(to).expect("the pipe to the browser");
        let from = File::open(from).expect("the pipe from the browser");
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("JSON of the browser");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let (session, complaints) = (None, Vec::new());
        Self { child, orders, answers, session, sent: 0, complaints, loaded: 0, folder }
    }

    /// Sends an order, and waits for its result.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut order = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        self.orders.write_all(&bytes).expect("the browser takes orders");
        loop {
            let mut message = self.take();
            if message["id"] == json!(self.sent) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Takes one message, and remembers what it tells of the page.
    fn take(&mut self) -> Value {
        let Ok(message) = self.answers.recv_timeout(PATIENCE) else {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            panic!("the browser does not answer: {log}");
        };
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.loaded += 1,
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => {
                self.complaints.push(message["params"].to_string());
            }
            _ => {}
        }
        message
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.send("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// The text of an element, empty when there is none.
    #[track_caller]
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({})?.innerText", json!(selector)));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The texts of all elements of a kind that are drawn.
    #[track_caller]
    pub(crate) fn texts(&mut self, selector: &str) -> Vec<String> {
        // What was not drawn yet has no text: two frames later everything on the screen is.
        let all = self.value(&format!(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(\
             [...document.querySelectorAll({})].filter(e => e.checkVisibility())\
             .map(e => e.innerText.replace(/\\s+/g, ' ').trim())))))",
            json!(selector)
        ));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.as_array().expect("texts").iter().map(text).collect()
    }

    /// Clicks on an element with the mouse.
    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        self.value(&format!(
            "document.querySelector({selector}).scrollIntoView({{ block: 'nearest' }})"
        ));
        // What comes into sight may move the element.
        self.settle();
        let place = self.value(&format!(
            "(() => {{ const r = document.querySelector({selector}).getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.send("Input.dispatchMouseEvent", event);
        }
        self.settle();
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.send("Input.insertText", json!({ "text": text }));
        self.settle();
    }

    /// Presses a key, such as `ArrowDown`.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key == "Enter" {
            "\r"
        } else if key.len() == 1 {
            key
        } else {
            ""
        };
        let mut event = json!({ "type": "keyDown", "key": key });
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.send("Input.dispatchKeyEvent", event);
        self.send("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        self.settle();
    }

    /// Waits until the page is drawn.
    pub(crate) fn settle(&mut self) {
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// The size of the window.
    pub(crate) fn size(&mut self, (width, height): (u32, u32)) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.send("Emulation.setDeviceMetricsOverride", size);
    }

    /// What is in sight, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        self.settle();
        let picture = self.send("Page.captureScreenshot", json!({ "format": "png" }));
        STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
    }

    /// Shows the page as it goes to paper.
    pub(crate) fn paper(&mut self) {
        self.size((1050, 740));
        self.send("Emulation.setEmulatedMedia", json!({ "media": "print" }));
        self.value("dispatchEvent(new Event('beforeprint'))");
    }

    /// The page on A4 paper, lying, as PDF.
    pub(crate) fn pdf(&mut self) -> Vec<u8> {
        let paper = json!({ "landscape": true, "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": false });
        let pdf = self.send("Page.printToPDF", paper);
        STANDARD.decode(pdf["data"].as_str().expect("a document")).expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.orders.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed() -> PathBuf {
    let root = std::env::var_os("JUMPGATE_TEST_SERVERS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers"), PathBuf::from)
        .join("browser");
    assert!(
        root.join("complete").exists(),
        "{} is missing: run scripts/test-servers first",
        root.display()
    );
    root
}
