//! Runs the command `phoneproof-admin` as operators do, on a local stack.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

#[path = "admin/at_once.rs"]
mod at_once;
#[path = "admin/blocks.rs"]
mod blocks;
#[path = "admin/calls.rs"]
mod calls;
#[path = "admin/command.rs"]
mod command;
#[path = "admin/doctor.rs"]
mod doctor;
#[path = "admin/explain.rs"]
mod explain;
#[path = "admin/keys.rs"]
mod keys;
#[path = "admin/messages.rs"]
mod messages;
#[path = "admin/night.rs"]
mod night;
#[path = "admin/policy_check.rs"]
mod policy_check;
#[path = "admin/purse_changes.rs"]
mod purse_changes;
#[path = "admin/purses.rs"]
mod purses;
#[path = "admin/simulate.rs"]
mod simulate;
#[path = "admin/texts.rs"]
mod texts;

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_config::process::SystemClock;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::phone::Phone;
use phoneproof_local::aws::{ACCOUNT_SECRET_ID, LOG_GROUP, POLICY_PATH, SECRET_ID};
use phoneproof_local::stack::{Backends, Options, Stack};
use phoneproof_tests::{Answer, Client, Database, Proxy};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::command::{admin_command, run};

const ISSUER: &str = "https://verify.example.com";
const PHONE: &str = "+14152007986";
const KEYRING: &str =
    r#"{"current":"r1","r1":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"}"#;

/// Waits for the next hour when this one ends within a minute, because a new hour, day or week sets counts back.
async fn begin_within_an_hour() {
    let left = 3_600 - SystemClock.now().unix().rem_euclid(3_600);
    if left < 60 {
        let left = u64::try_from(left).expect("positive");
        sleep(Duration::from_secs(left)).await;
    }
}

/// A local stack on the system clock, because the command uses that clock.
struct Site {
    stack: Stack,
    client: Client,
    options: Options,
    /// The instances that answer in place of `stack`.
    others: Vec<Stack>,
}

impl Site {
    async fn start() -> Self {
        Self::start_with(DEFAULT_POLICY, TokenMode::Sealed).await
    }

    /// Starts a stack that runs with another policy than the one that is compiled into the command.
    async fn start_with(policy: &str, mode: TokenMode) -> Self {
        // Most tests ask for many texts whose codes nobody types in.
        Self::start_paying(policy, mode, false).await
    }

    /// Starts a stack whose purses pay for texts, or whose do not.
    async fn start_paying(policy: &str, mode: TokenMode, pays: bool) -> Self {
        let mut parsed = phoneproof_config::policy::from_toml(policy).expect("valid");
        if !pays {
            // No purse pays for a text without a price. The file of the policy keeps its prices.
            parsed.sms.prices.clear();
            parsed.sms.max_price = None;
        }
        let mut options = Options::new(parsed);
        options.policy_file = Some(policy.to_owned());
        options.token_mode = mode;
        options.issuer = Some(ISSUER.to_owned());
        options.keyring = Some(KEYRING.to_owned());
        options.trust_test_header = true;
        options.journal_output = std::sync::Arc::new(|_| ());
        begin_within_an_hour().await;
        let stack = Stack::start(options.clone()).await.expect("a stack");
        let client = Client::new(&stack.url);
        Self {
            stack,
            client,
            options,
            others: Vec::new(),
        }
    }

    /// Lets a new instance answer the client, because an instance remembers a refusal for ten seconds.
    async fn renew(&mut self) {
        let backends = Backends::start(&self.options).await.expect("free ports");
        let endpoints = self.stack.backends.endpoints.clone();
        let other = Stack::start_on(self.options.clone(), backends, endpoints);
        let other = other.await.expect("an instance");
        self.client = Client::new(&other.url);
        self.others.push(other);
    }

    /// Runs the command with the variables that `cargo run` prints for the verification service.
    async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[]).await
    }

    /// Runs the command, and returns what it prints for people.
    async fn run_human(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).await.stdout).expect("UTF-8")
    }

    /// Runs the command with this variable naming the keyring.
    async fn run_on(&self, arguments: &[&str], keyring: (&str, &str)) -> Output {
        self.run_with(arguments, &[keyring]).await
    }

    /// Runs the command with these variables besides those of the stack. An empty one takes a variable away.
    async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let policy_url = format!("{}{POLICY_PATH}", self.stack.backends.endpoints.secrets);
        let mut command = admin_command(&self.stack, ISSUER, arguments);
        command
            .env("POLICY_URL", policy_url)
            .env("LOG_GROUP", LOG_GROUP);
        let names_keyring = |(name, _): &(&str, &str)| name.ends_with("KEYRING_SECRET_ID");
        if !variables.iter().any(names_keyring) {
            command.env("KEYRING_SECRET_ID", SECRET_ID);
        }
        for (name, value) in variables {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        run(command).await
    }

    /// Runs the command with `--json`. Returns its exit code and what it printed, which may hold no secret.
    async fn run_json(&self, arguments: &[&str]) -> (i32, Value) {
        self.run_json_with(arguments, &[]).await
    }

    /// Runs the command as [`Site::run_json`] does, with these variables besides those of the stack.
    async fn run_json_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
        let with_json = [&["--json"], arguments].concat();
        let output = self.run_with(&with_json, variables).await;
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}"));
        for secret in ["0123456789abcdef", "4152007986"] {
            assert!(
                !text.contains(secret),
                "{arguments:?} shows a secret: {text}"
            );
        }
        (output.status.code().expect("a code"), json)
    }

    /// Runs the command with `--json`, which must succeed, and returns what it printed.
    async fn run_done(&self, arguments: &[&str]) -> Value {
        let (code, json) = self.run_json(arguments).await;
        assert_eq!(code, 0, "{arguments:?}: {json}");
        json
    }

    /// Reads the code that was texted to `phone`, in E.164.
    fn read_code(&self, phone: &str) -> String {
        let texts = self.stack.backends.inbox.messages(Some(phone));
        texts.first().expect("a text").body[..6].to_owned()
    }

    /// Counts the items whose key holds the index of `phone`, in E.164.
    async fn count_items(&self, phone: &str) -> usize {
        let index = index_phone(phone);
        json!(self.dump().await).to_string().matches(&index).count()
    }

    /// Reads a secret as functions do.
    async fn secret(&self, id: &str) -> String {
        let secrets = Client::new(&self.stack.backends.endpoints.secrets);
        let headers = [
            ("x-amz-target", "secretsmanager.GetSecretValue"),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let body = json!({ "SecretId": id }).to_string().into_bytes();
        let answer = secrets.raw(http::Method::POST, "/", &headers, body).await;
        answer.json["SecretString"]
            .as_str()
            .expect("a text")
            .to_owned()
    }

    /// Reads every item of the verification service's tables.
    async fn dump(&self) -> Vec<Value> {
        let database = Database::at(&self.stack.backends.endpoints.dynamodb);
        let mut dump = Vec::new();
        for table in ["Limits", "Challenges", "Blocks"] {
            let answer = database.call("Scan", &json!({ "TableName": table })).await;
            dump.push(answer.json);
        }
        dump
    }
}

/// The date of today, in UTC.
fn today() -> String {
    let now = SystemClock.now().to_string();
    now[..10].to_owned()
}

/// Makes the index by which the tables name `phone`, in E.164.
fn index_phone(phone: &str) -> String {
    let keyring = Keyring::from_json(KEYRING).expect("a keyring");
    let phone = Phone::from_canonical(phone).expect("canonical");
    keyring.indexer().index_phone(&phone).as_str().to_owned()
}

/// Asks until `is_done`, for as long as an instance remembers a refusal: ten seconds, and some more on a slow machine.
async fn ask_until(is_done: impl Fn(&Answer) -> bool, ask: impl AsyncFn() -> Answer) -> Answer {
    let mut answer = ask().await;
    for _ in 0..60 {
        if is_done(&answer) {
            break;
        }
        sleep(Duration::from_millis(250)).await;
        answer = ask().await;
    }
    answer
}

#[tokio::test]
async fn refuses_to_lose_anything_without_confirmation() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.run_done(&["keys", "add", "r2"]).await;
    site.run_done(&["block", "phone", PHONE, "--reason", "r"])
        .await;
    let dump = site.dump().await;
    for arguments in [
        &["unblock", "phone", PHONE][..],
        &["forget", PHONE],
        &["keys", "promote", "r2", "--force"],
        &["keys", "retire", "r2"],
        &["keys", "add-rsa"],
        &["keys", "rotate", "--leaked"],
    ] {
        let (code, refused) = site.run_json(arguments).await;
        assert_eq!(code, 4, "{arguments:?}");
        assert!(
            refused["advice"]
                .as_str()
                .expect("advice")
                .contains("--yes")
        );
    }
    assert_eq!(site.dump().await, dump);
    assert_eq!(
        site.run_done(&["keys", "list"]).await["keys"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    // Without the word that says why, nothing is replaced.
    let usage = site.run(&["keys", "rotate", "--yes"]).await;
    assert_eq!(usage.status.code(), Some(2));
}

#[tokio::test]
async fn tail_and_stats_read_the_request_lines() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    site.client.verify(&token, &site.read_code(PHONE)).await;
    site.client.send(PHONE).await;
    let stats = site.run_done(&["stats"]).await;
    assert_eq!(stats["requests"], 3);
    assert_eq!(
        stats["countries"]["US"],
        json!({ "sent": 1.0, "verified": 1.0, "conversion": 1.0 })
    );
    assert_eq!(stats["denials"], json!({ "phone-cooldown": 1 }));
    assert_eq!(stats["carrier"], json!({ "accepted": 1 }));
    let output = site
        .run(&["--json", "tail", "--filter", "rule=phone-cooldown"])
        .await;
    let line: Value = serde_json::from_slice(&output.stdout).expect("one line");
    assert_eq!(
        (&line["status"], &line["_aws"]),
        (&json!(429), &Value::Null)
    );
    let human = site.run_human(&["tail"]).await;
    assert_eq!(human.lines().count(), 3);
    assert!(
        human.contains("/v1/verify  200  served  US  login"),
        "{human}"
    );
}

#[tokio::test]
async fn no_command_panics_when_its_reader_closes_the_pipe() {
    let site = Site::start().await;
    for shell in ["bash", "zsh", "fish"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"));
        let child = command
            .args(["completions", shell])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child.spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{shell}"
        );
    }
    let script = site.run(&["completions", "bash"]).await.stdout;
    assert!(String::from_utf8_lossy(&script).contains("send-test"));
}

#[tokio::test]
async fn names_the_faulty_argument() {
    let site = Site::start().await;
    for (arguments, named) in [
        (&["explain", "12"][..], "phone"),
        (
            &["block", "address", "example.com", "--reason", "r"],
            "address",
        ),
        (&["--policy", "/no/such/file", "explain", PHONE], "--policy"),
        (&["tail", "--filter", "outcome"], "--filter"),
    ] {
        let (code, error) = site.run_json(arguments).await;
        assert_eq!(code, 2, "{arguments:?}");
        assert!(
            error["error"].as_str().expect("an error").contains(named),
            "{error}"
        );
    }
    let usage = site.run(&["tail", "--since", "5"]).await;
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn says_how_to_name_a_stack_when_none_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"))
        .args(["blocks"])
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        message.contains("--stack-name") && message.contains("cargo run"),
        "{message}"
    );
}

/// Both keyrings have keys of RSA, for tokens of different kinds.
#[test]
fn the_help_of_add_rsa_names_what_each_keyring_signs() {
    let output = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"))
        .args(["keys", "add-rsa", "--help"])
        .output()
        .expect("the command runs");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let words: Vec<_> = help.split_whitespace().collect();
    for part in ["success tokens", "access tokens of the accounts"] {
        assert!(words.join(" ").contains(part), "{help}");
    }
}

#[test]
fn prints_completions() {
    let output = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"))
        .args(["completions", "bash"])
        .output()
        .expect("the command runs");
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .contains("add-rsa")
    );
}
