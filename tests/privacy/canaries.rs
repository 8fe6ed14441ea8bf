//! The canaries, and the places that must not hold them.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::panic;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::Method;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::random::{Random, RandomUnavailable};
use phoneproof_tests::{Answer, World, hex};
use serde_json::{Value, json};

pub(crate) const PHONE: &str = "+14153349182";
pub(crate) const DEVICE: &str = "canary-device-5511";
pub(crate) const ADDRESS: &str = "198.51.100.203";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static LOGS: LazyLock<Captured> = LazyLock::new(|| {
    let captured = Captured::default();
    let writer = captured.clone();
    phoneproof_observe::logging::init(tracing::Level::TRACE, move || writer.clone());
    // The service hides the message of a panic. This prints the message of a failed test.
    let quiet = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        quiet(info);
        if info
            .payload_as_str()
            .is_none_or(|text| !text.contains(PHONE))
        {
            drop(writeln!(io::stderr(), "{info}"));
        }
    }));
    captured
});

/// A source of random bytes that panics on demand. The message holds canaries, like that of the standard library when a
/// text cannot be cut.
#[derive(Default)]
pub(crate) struct Explosive {
    armed: Mutex<bool>,
}

impl Explosive {
    /// Makes the next draw panic.
    pub(crate) fn arm(&self) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

impl Random for Explosive {
    #[expect(clippy::panic, reason = "on purpose")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        // The gateway draws 12 bytes for the id of a request. That draw must not panic.
        if bytes.len() != 12 {
            let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::take(&mut *armed) {
                drop(armed);
                panic!("byte index 3 is out of bounds of `{PHONE} {DEVICE} {ADDRESS}`");
            }
        }
        SystemRandom.fill(bytes)
    }
}

/// The canaries, and everything in which they must not be found.
pub(crate) struct Canaries {
    secrets: Vec<String>,
    refusals: String,
    lines: String,
    tables: String,
}

impl Canaries {
    pub(crate) fn new() -> Self {
        LazyLock::force(&LOGS);
        let national = PHONE.trim_start_matches("+1");
        Self {
            secrets: [PHONE.trim_start_matches('+'), national, DEVICE, ADDRESS]
                .map(str::to_owned)
                .to_vec(),
            refusals: String::new(),
            lines: String::new(),
            tables: String::new(),
        }
    }

    /// Adds a text that must not be found. A short one would be found by chance.
    pub(crate) fn add(&mut self, secret: &str) {
        assert!(
            secret.len() >= 10,
            "by chance, six digits stand in a duration"
        );
        self.secrets.push(secret.to_owned());
    }

    /// Collects an answer if it is a refusal, which must not repeat what the request said.
    pub(crate) fn look(&mut self, answer: Answer) -> Answer {
        if answer.status >= 400 {
            let mut document = answer.json.clone();
            if let (504, Some(members)) = (answer.status, document.as_object_mut()) {
                // The text may still arrive, so this answer carries the challenge token.
                members.remove("token");
            }
            let text = if document.is_null() {
                answer.text.clone()
            } else {
                document.to_string()
            };
            writeln!(self.refusals, "{text}").expect("a string takes everything");
            writeln!(self.refusals, "{:?}", answer.headers).expect("a string takes everything");
        }
        answer
    }

    /// Sends requests that the route refuses, with canaries everywhere a client can put them.
    pub(crate) async fn misuse(&mut self, world: &World, path: &str) {
        // The service refuses larger bodies unread.
        let short = self.secrets.iter().filter(|secret| secret.len() < 100);
        let said = short.cloned().collect::<Vec<_>>().join(" ");
        let object = json!({ "phone": PHONE, "uniqueId": DEVICE, "token": said, "code": said });
        let bodies = [
            object.to_string(),
            json!({ "phone": PHONE, said.as_str(): said }).to_string(),
            json!({ "phone": { "is": said }, "token": [said], "password": said }).to_string(),
            json!([said]).to_string(),
            format!("{{\"phone\": \"{said}\""),
            format!("{said}\u{0}"),
        ];
        let json = ("content-type", "application/json");
        let from = ("x-test-source-ip", ADDRESS);
        for body in bodies {
            for headers in [
                vec![json, from],
                vec![("content-type", said.as_str()), from],
                vec![
                    json,
                    from,
                    ("idempotency-key", DEVICE),
                    ("x-client-key", said.as_str()),
                    ("authorization", said.as_str()),
                    ("origin", said.as_str()),
                    ("user-agent", said.as_str()),
                    ("x-forwarded-for", ADDRESS),
                    ("x-amzn-trace-id", said.as_str()),
                    ("cookie", said.as_str()),
                ],
            ] {
                let body = body.clone().into_bytes();
                let answer = world.client.raw(Method::POST, path, &headers, body).await;
                self.look(answer);
            }
        }
        let digits = PHONE.trim_start_matches('+');
        for (method, path) in [
            (Method::DELETE, path.to_owned()),
            (Method::PUT, format!("{path}/{digits}")),
            (
                Method::GET,
                format!("{path}/{DEVICE}?phone={digits}&ip={ADDRESS}"),
            ),
            (Method::GET, format!("{path}?token={DEVICE}")),
        ] {
            let bearer = format!("Bearer {said}");
            let headers = [("authorization", bearer.as_str()), from];
            let answer = world.client.raw(method, &path, &headers, Vec::new()).await;
            self.look(answer);
        }
    }

    /// Collects the tables and the request lines of `world`.
    pub(crate) async fn collect(&mut self, world: &World) {
        for table in [
            "Limits",
            "Challenges",
            "Blocks",
            "Accounts",
            "AccountLimits",
        ] {
            let scan = json!({ "TableName": table });
            let items = world.dynamodb("Scan", &scan).await;
            assert_eq!(items.json.get("LastEvaluatedKey"), None, "all of it");
            self.tables.push_str(&items.text);
        }
        self.lines.push_str(&world.lines.text());
    }

    /// The logs that the process has written so far.
    pub(crate) fn logs() -> String {
        let logs = LOGS.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(logs.clone()).expect("UTF-8")
    }

    /// Asserts that no place holds a canary. `events` must be in the logs and `outcomes` in the request lines, because
    /// a situation that did not occur proves nothing.
    pub(crate) fn assert_nowhere(&self, events: &[&str], outcomes: &[&str]) {
        let logs = Self::logs();
        for event in events {
            assert!(logs.contains(event), "no {event:?} in the logs");
        }
        for outcome in outcomes {
            let member = format!("\"outcome\":\"{outcome}\"");
            assert!(
                self.lines.contains(&member),
                "no {outcome} in the request lines"
            );
        }
        // DynamoDB writes binary attributes in base64, which a plain search does not see through.
        let decoded = decode_binaries(&self.tables);
        let places = [
            ("logs", logs.as_str()),
            ("request lines", &self.lines),
            ("refusals", &self.refusals),
            ("tables", &self.tables),
            ("binary attributes", &decoded),
        ];
        for (n, secret) in self.secrets.iter().enumerate() {
            for form in list_forms(secret) {
                for (place, text) in places {
                    assert!(
                        !text.contains(&form),
                        "canary {n} is in the {place}: {form}"
                    );
                }
            }
        }
    }
}

/// Lists the forms in which a secret could hide: reversed, in hexadecimal, and in base64 at each of the three offsets
/// at which it can begin in a longer text.
fn list_forms(secret: &str) -> Vec<String> {
    let reversed: String = secret.chars().rev().collect();
    let lower = hex(secret.as_bytes());
    let mut forms = vec![secret.to_owned(), reversed, lower.to_uppercase(), lower];
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
            let text = engine.encode(&padded);
            // The characters at both ends also hold bits of neighbouring bytes.
            let first = [0, 2, 3].get(before).copied().unwrap_or_default();
            let last = padded.len() / 3 * 4;
            forms.extend(text.get(first..last).map(str::to_owned));
        }
    }
    forms
}

/// Decodes the binary attributes of scanned items.
fn decode_binaries(scans: &str) -> String {
    fn binaries(value: &Value, found: &mut Vec<u8>) {
        match value {
            Value::Object(members) => {
                if let Some(text) = members.get("B").and_then(Value::as_str) {
                    let engine = base64::engine::general_purpose::STANDARD;
                    found.extend(engine.decode(text).unwrap_or_default());
                }
                members.values().for_each(|member| binaries(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| binaries(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for scan in serde_json::Deserializer::from_str(scans).into_iter::<Value>() {
        binaries(&scan.expect("JSON"), &mut found);
    }
    String::from_utf8_lossy(&found).into_owned()
}

#[test]
fn a_canary_is_found_in_every_form() {
    let text = format!("a phone {PHONE}, somewhere");
    let shifted = |by: usize| format!("{}{text}", "x".repeat(by));
    for hidden in [
        text.clone(),
        text.chars().rev().collect(),
        hex(text.as_bytes()),
        hex(text.as_bytes()).to_uppercase(),
        STANDARD_NO_PAD.encode(shifted(0)),
        STANDARD_NO_PAD.encode(shifted(1)),
        URL_SAFE_NO_PAD.encode(shifted(2)),
    ] {
        let found = list_forms(PHONE).iter().any(|form| hidden.contains(form));
        assert!(found, "{hidden}");
    }
}
