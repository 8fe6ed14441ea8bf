//! The command as operators run it, on a local stack.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::process::{Command, Output};

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::phone::Phone;
use phoneproof_local::aws::{ACCOUNT_SECRET_ID, LOG_GROUP, SECRET_ID};
use phoneproof_local::inbox::Carrier;
use phoneproof_local::stack::{Options, Stack, tables};
use phoneproof_tests::{Client, Database};
use serde_json::{Value, json};

const PHONE: &str = "+14152007986";
const KEYRING: &str =
    r#"{"current":"r1","r1":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"}"#;

/// A local stack on the real clock, which the command uses too.
struct Site {
    stack: Stack,
    client: Client,
}

impl Site {
    async fn start() -> Self {
        let mut options =
            Options::new(phoneproof_config::policy::from_toml(DEFAULT_POLICY).expect("valid"));
        options.keyring = Some(KEYRING.to_owned());
        options.trust_test_header = true;
        options.journal_output = std::sync::Arc::new(|_| ());
        let stack = Stack::start(options).await.expect("a stack");
        let client = Client::new(&stack.url);
        Self { stack, client }
    }

    /// Runs the command with the variables that `cargo run` prints.
    async fn run(&self, arguments: &[&str]) -> Output {
        self.run_on(arguments, ("KEYRING_SECRET_ID", SECRET_ID))
            .await
    }

    async fn run_on(&self, arguments: &[&str], (variable, secret): (&str, &str)) -> Output {
        let (endpoints, tables) = (&self.stack.backends.endpoints, tables());
        let mut command = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"));
        command
            .args(arguments)
            .env_clear()
            .env("LIMITS_TABLE", &tables.limits)
            .env("CHALLENGES_TABLE", &tables.challenges)
            .env("BLOCKS_TABLE", &tables.blocks)
            .env(variable, secret)
            .env("LOG_GROUP", LOG_GROUP)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &endpoints.secrets)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb);
        let run = tokio::task::spawn_blocking(move || command.output());
        run.await.expect("joined").expect("the command runs")
    }

    /// Runs it with `--json`; its exit code and what it printed.
    async fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--json"], arguments].concat()).await;
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

    async fn done(&self, arguments: &[&str]) -> Value {
        let (code, json) = self.json(arguments).await;
        assert_eq!(code, 0, "{arguments:?}: {json}");
        json
    }

    fn code(&self, phone: &str) -> String {
        let texts = self.stack.backends.inbox.messages(Some(phone));
        texts.first().expect("a text").body[..6].to_owned()
    }

    /// Every item of every table.
    async fn dump(&self) -> Vec<Value> {
        let database = Database::embedded(&self.stack.backends.endpoints.dynamodb);
        let mut dump = Vec::new();
        for table in ["Limits", "Challenges", "Blocks"] {
            let answer = database.call("Scan", &json!({ "TableName": table })).await;
            dump.push(answer.json);
        }
        dump
    }
}

fn phone_index(phone: &str) -> String {
    let keyring = Keyring::from_json(KEYRING).expect("a keyring");
    let phone = Phone::from_canonical(phone).expect("canonical");
    keyring.indexer().phone(&phone).as_str().to_owned()
}

#[tokio::test]
async fn a_block_acts_on_the_next_request_until_it_is_taken_off() {
    let site = Site::start().await;
    for (kind, value, rule) in [
        ("phone", PHONE, "blocked-phone"),
        ("device", "device", "blocked-device"),
        ("address", "192.0.2.1", "blocked-address"),
    ] {
        let entry = site
            .done(&["block", kind, value, "--reason", "ticket 12"])
            .await;
        assert_eq!(
            (&entry["kind"], &entry["expiresAt"]),
            (&json!(kind), &Value::Null)
        );
        let refused = site.client.send(PHONE).await;
        assert_eq!((refused.status, &refused.json["rule"]), (403, &json!(rule)));
        assert_eq!(site.done(&["blocks"]).await[0]["reason"], "ticket 12");
        assert_eq!(
            site.done(&["unblock", kind, value, "--yes"]).await["kind"],
            kind
        );
        assert_eq!(site.json(&["unblock", kind, value, "--yes"]).await.0, 3);
    }
    assert_eq!(site.done(&["blocks"]).await, json!([]));
    assert_eq!(site.client.send(PHONE).await.status, 202);
}

#[tokio::test]
async fn a_block_can_end_by_itself() {
    let site = Site::start().await;
    let entry = site
        .done(&["block", "phone", PHONE, "--reason", "r", "--for", "7d"])
        .await;
    assert!(entry["expiresAt"].as_str() > entry["createdAt"].as_str());
    site.done(&[
        "block",
        "phone",
        PHONE,
        "--reason",
        "r",
        "--until",
        "2099-01-01T00:00:00Z",
    ])
    .await;
    assert_eq!(
        site.done(&["blocks"]).await[0]["expiresAt"],
        "2099-01-01T00:00:00Z"
    );
    let (code, _) = site
        .json(&[
            "block",
            "phone",
            PHONE,
            "--reason",
            "r",
            "--until",
            "2001-01-01T00:00:00Z",
        ])
        .await;
    assert_eq!(code, 2, "an end in the past");
}

#[tokio::test]
async fn explain_says_what_the_service_would_and_writes_nothing() {
    let site = Site::start().await;
    let arguments = ["explain", PHONE, "device", "192.0.2.1"];
    let before = site.done(&arguments).await;
    assert_eq!(
        (&before["refusedBy"], &before["country"]),
        (&Value::Null, &json!("US"))
    );
    site.client.send(PHONE).await;
    let dump = site.dump().await;
    let explained = site.done(&arguments).await;
    assert_eq!(site.dump().await, dump, "a dry run");
    let refused = site.client.send(PHONE).await;
    assert_eq!(explained["refusedBy"], refused.json["rule"]);
    assert_eq!(explained["retryAt"], refused.json["retryAt"]);
    assert_eq!(explained["challenges"][0]["attemptsLeft"], 5);
    let rules = explained["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 9);
    let counted = |name: &str| {
        let rule = rules
            .iter()
            .find(|rule| rule["rule"] == name)
            .expect("the rule");
        (rule["count"].clone(), rule["limit"].clone())
    };
    assert_eq!(counted("phone-per-hour"), (json!(1), json!(5)));
    assert_eq!(counted("device-per-day"), (json!(1), json!(10)));
    assert_eq!(counted("number-block-per-hour"), (json!(1), json!(20)));
    // Who is not named is not looked at.
    let rules = site.done(&["explain", PHONE]).await["rules"]
        .as_array()
        .expect("rules")
        .len();
    assert_eq!(rules, 5);
    let with_address = site.done(&["explain", PHONE, "-", "192.0.2.1"]).await;
    assert_eq!(with_address["rules"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        site.done(&["explain", "+376312345"]).await["refusedBy"],
        "country"
    );
}

#[tokio::test]
async fn unlock_clears_what_locks_a_phone() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    let wrong = if site.code(PHONE) == "000000" {
        "000001"
    } else {
        "000000"
    };
    site.client.verify(&token, wrong).await;
    let unlocked = site.done(&["unlock", PHONE, "--yes"]).await;
    assert_eq!(
        unlocked["cleared"],
        json!({ "failures": 1, "failuresToday": 1 })
    );
    assert_eq!(site.done(&["explain", PHONE]).await["failures"], 0);
    assert_eq!(site.json(&["unlock", PHONE, "--yes"]).await.0, 3);
}

#[tokio::test]
async fn forget_leaves_no_item_of_the_phone() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.done(&["block", "phone", PHONE, "--reason", "r"]).await;
    let index = phone_index(PHONE);
    assert!(json!(site.dump().await).to_string().contains(&index));
    site.done(&["forget", PHONE, "--with-block", "--yes"]).await;
    assert!(!json!(site.dump().await).to_string().contains(&index));
    assert_eq!(site.json(&["forget", PHONE, "--yes"]).await.0, 3);
    assert_eq!(
        site.client.send(PHONE).await.status,
        202,
        "limits start anew"
    );
}

#[tokio::test]
async fn keys_are_rotated_step_by_step() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    let listed = site.done(&["keys", "list"]).await;
    assert_eq!(
        (&listed["keys"][0]["id"], &listed["keys"][0]["current"]),
        (&json!("r1"), &json!(true))
    );
    site.done(&["keys", "add"]).await;
    let (code, early) = site.json(&["keys", "promote", "r2", "--yes"]).await;
    assert_eq!(code, 4, "{early}");
    let promoted = site
        .done(&["keys", "promote", "r2", "--yes", "--force"])
        .await;
    assert_eq!(
        (&promoted["keys"][1]["id"], &promoted["keys"][1]["current"]),
        (&json!("r2"), &json!(true))
    );
    for id in ["r1", "r2"] {
        assert_eq!(
            site.json(&["keys", "retire", id, "--yes", "--force"])
                .await
                .0,
            4,
            "{id} is in use"
        );
    }
    assert_eq!(site.json(&["keys", "retire", "r9", "--yes"]).await.0, 3);
    assert_eq!(site.json(&["keys", "add", "r1"]).await.0, 2);
    // A challenge of the old root is still good.
    assert_eq!(
        site.client.verify(&token, &site.code(PHONE)).await.status,
        200
    );
    site.done(&["keys", "add", "r3"]).await;
    site.done(&["keys", "retire", "r3", "--yes"]).await;
}

#[tokio::test]
async fn an_accounts_root_is_retired_only_on_purpose() {
    let site = Site::start().await;
    let keyring = ("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID);
    let step = async |arguments: &[&str]| {
        let arguments = [&["--json", "--yes", "keys"], arguments].concat();
        let output = site.run_on(&arguments, keyring).await;
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    assert_eq!(step(&["add", "r2"]).await.0, Some(0));
    // Nothing was made with it, but nobody here knows which passwords were.
    let (code, refused) = step(&["retire", "r2"]).await;
    assert_eq!(code, Some(4), "{refused}");
    let advice = refused["advice"].as_str().expect("advice");
    assert!(advice.contains("Keys of the accounts"), "{advice}");
    assert_eq!(step(&["promote", "r2", "--force"]).await.0, Some(0));
    assert_eq!(step(&["add", "r3"]).await.0, Some(0));
    assert_eq!(step(&["promote", "r3", "--force"]).await.0, Some(0));
    assert_eq!(step(&["retire", "r2"]).await.0, Some(4));
    assert_eq!(step(&["retire", "r2", "--force"]).await.0, Some(0));
    let (_, listed) = step(&["list"]).await;
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(2), "{listed}");
    // The verification service's keyring was not touched.
    let verification = site.done(&["keys", "list"]).await;
    assert_eq!(verification["keys"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_rsa_key_can_be_added_and_retired() {
    let site = Site::start().await;
    let added = site.done(&["keys", "add-rsa", "--yes"]).await;
    assert_eq!(
        (&added["keys"][1]["id"], &added["keys"][1]["algorithm"]),
        (&json!("rsa1"), &json!("RS256"))
    );
    assert_eq!(site.json(&["keys", "add-rsa", "rsa2", "--yes"]).await.0, 2);
    assert_eq!(site.json(&["keys", "retire", "rsa1", "--yes"]).await.0, 4);
    site.done(&["keys", "retire", "rsa1", "--yes", "--force"])
        .await;
}

#[tokio::test]
async fn what_loses_something_is_not_done_unasked() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.done(&["keys", "add", "r2"]).await;
    site.done(&["block", "phone", PHONE, "--reason", "r"]).await;
    let dump = site.dump().await;
    for arguments in [
        &["unblock", "phone", PHONE][..],
        &["forget", PHONE],
        &["keys", "promote", "r2", "--force"],
        &["keys", "retire", "r2"],
        &["keys", "add-rsa"],
    ] {
        let (code, refused) = site.json(arguments).await;
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
        site.done(&["keys", "list"]).await["keys"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn tail_and_stats_read_the_request_lines() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    site.client.verify(&token, &site.code(PHONE)).await;
    site.client.send(PHONE).await;
    let stats = site.done(&["stats"]).await;
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
    let human = String::from_utf8(site.run(&["tail"]).await.stdout).expect("UTF-8");
    assert_eq!(human.lines().count(), 3);
    assert!(
        human.contains("/v1/verify  200  served  US  login"),
        "{human}"
    );
}

#[tokio::test]
async fn send_test_texts_a_specimen_or_says_why_not() {
    let site = Site::start().await;
    site.done(&["send-test", PHONE, "--business", "login", "--locale", "zh"])
        .await;
    let texts = site.stack.backends.inbox.messages(Some(PHONE));
    assert!(texts[0].body.contains("000000") && texts[0].body.contains("登录"));
    site.stack.backends.inbox.set_carrier(Carrier::Refuse);
    let (code, failed) = site.json(&["send-test", PHONE]).await;
    assert_eq!(code, 1);
    assert!(
        failed["error"]
            .as_str()
            .expect("an error")
            .contains("InvalidParameter")
    );
    assert_eq!(
        site.json(&["send-test", PHONE, "--business", "none"])
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn policies_are_checked() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, DEFAULT_POLICY).expect("written");
    let checked = site.done(&["policy", "check", path]).await;
    let template = &checked["templates"][0];
    assert_eq!(
        (&template["segments"], &template["mostCostUsd"]),
        (&json!(1), &json!(0.5))
    );
    std::fs::write(
        &file,
        DEFAULT_POLICY.replace("attempts = 5", "attempts = 50"),
    )
    .expect("written");
    let (code, faulty) = site.json(&["policy", "check", path]).await;
    assert_eq!(code, 1);
    assert_eq!(
        faulty["faults"][0]["path"],
        "business.password-change.attempts"
    );
    assert_eq!(site.json(&["policy", "check", "/no/such/file"]).await.0, 2);
}

#[tokio::test]
async fn bad_arguments_are_named() {
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
        let (code, error) = site.json(arguments).await;
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
fn without_a_stack_it_says_how_to_name_one() {
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

#[test]
fn completions_are_printed() {
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
