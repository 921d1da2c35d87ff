//! Secrets show nowhere but in the request that needs them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use jumpgate::jumpserver::{Credentials, NewAccount, Reader};
use jumpgate_sandbox::{Fault, NewAsset, Rule};
use secrecy::SecretString;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use uuid::Uuid;

use super::target::sandboxes;
use super::writing::mark;

const PASSWORD: &str = "pa55-word-nobody-may-see";

/// Keeps the log.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn o17_no_secret_is_in_an_error_a_debug_text_an_address_or_the_log() {
    let kept = Kept::default();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .finish();
    // This test runs on one thread, the server too.
    let _guard = tracing::subscriber::set_default(log);
    let mut texts = Vec::new();
    let mut secrets = vec![PASSWORD.to_owned()];
    for target in sandboxes().await {
        let running = target.running();
        let asset = running.add_asset(NewAsset::mysql("orders", "10.0.0.4", 3306));
        let (key, key_secret) = running.add_access_key("admin");
        let credentials = Credentials::Key {
            id: key.to_string(),
            secret: SecretString::from(key_secret.clone()),
        };
        texts.push(format!("{credentials:?} {:?}", target.credentials()));
        secrets.extend([key_secret, running.admin_token()]);
        Reader::connect(&target.settings(), credentials).await.expect("it is accepted");

        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let secret = SecretString::from(PASSWORD);
        let id = Uuid::new_v4();
        let comment = mark(&target, id).comment("x");
        let new = NewAccount { asset, username: "jump_db_fan_r".to_owned(), comment };
        let long = format!("{}{PASSWORD}", "x ".repeat(140));
        let faults = [
            Fault::answer(400, json!({ "secret": [format!("{PASSWORD} is too weak")] })),
            Fault::answer(403, json!({ "detail": PASSWORD, "code": PASSWORD })),
            Fault::answer(500, json!({ "error": long })),
            Fault::answer(201, json!({ "secret": PASSWORD })),
            Fault::answer(201, json!(PASSWORD)),
            Fault::answer(200, json!({ "id": PASSWORD, "username": PASSWORD })),
            Fault::DropBefore,
        ];
        for fault in faults {
            running.fault(Rule::writes(), fault);
            let error = writer.create_account(id, &new, &secret).await.expect_err("it failed");
            texts.push(format!("{error} {error:?}"));
            let error = writer
                .patch_account_secret_and_comment(id, &secret, "x")
                .await
                .expect_err("it failed");
            texts.push(format!("{error} {error:?}"));
            running.clear_faults();
        }
        writer.create_account(id, &new, &secret).await.expect("it is made");
        assert_eq!(running.secret("orders", "jump_db_fan_r").as_deref(), Some(PASSWORD));
        lease.release().await.expect("it ends");
        let paths = running.requests().into_iter().map(|request| request.path);
        texts.extend(paths);
    }
    let log = kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(log.contains("accounts/accounts"), "the requests are in the log");
    texts.push(log);
    for text in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in: {text}");
        }
    }
}
