//! Runs the command `phoneproof-admin` as operators do, on a local stack.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

#[path = "admin/command.rs"]
mod command;
#[path = "admin/night.rs"]
mod night;
#[path = "admin/simulate.rs"]
mod simulate;

use std::process::{Command, Output};

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::SubjectKind;
use phoneproof_local::aws::{ACCOUNT_SECRET_ID, LOG_GROUP, POLICY_PATH, SECRET_ID};
use phoneproof_local::inbox::Carrier;
use phoneproof_local::stack::{Backends, Options, Stack};
use phoneproof_tests::{Client, Database};
use serde_json::{Value, json};

use crate::command::{admin_command, run};

const ISSUER: &str = "https://verify.example.com";
const PHONE: &str = "+14152007986";
const KEYRING: &str =
    r#"{"current":"r1","r1":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"}"#;

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
        let mut options =
            Options::new(phoneproof_config::policy::from_toml(policy).expect("valid"));
        options.policy_file = Some(policy.to_owned());
        options.token_mode = mode;
        options.issuer = Some(ISSUER.to_owned());
        options.keyring = Some(KEYRING.to_owned());
        options.trust_test_header = true;
        // These tests ask for many texts whose codes nobody types in.
        options.pays = false;
        options.journal_output = std::sync::Arc::new(|_| ());
        let stack = Stack::start(options.clone()).await.expect("a stack");
        let client = Client::new(&stack.url);
        Self {
            stack,
            client,
            options,
            others: Vec::new(),
        }
    }

    /// Lets a new instance answer the client: one remembers for ten seconds whom it refused.
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
        self.run_on(arguments, ("KEYRING_SECRET_ID", SECRET_ID))
            .await
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

    /// Reads every item of the verification service's tables.
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

/// The date of today, in UTC.
fn today() -> String {
    let now = phoneproof_config::process::SystemClock.now().to_string();
    now[..10].to_owned()
}

/// Makes the index by which the tables name `phone`, in E.164.
fn index_phone(phone: &str) -> String {
    let keyring = Keyring::from_json(KEYRING).expect("a keyring");
    let phone = Phone::from_canonical(phone).expect("canonical");
    keyring.indexer().phone(&phone).as_str().to_owned()
}

#[tokio::test]
async fn a_block_refuses_the_next_request_until_it_is_taken_off() {
    let mut site = Site::start().await;
    for (kind, value, rule) in [
        ("phone", PHONE, "blocked-phone"),
        ("device", "device", "blocked-device"),
        ("address", "192.0.2.1", "blocked-address"),
    ] {
        let entry = site
            .run_done(&["block", kind, value, "--reason", "ticket 12"])
            .await;
        assert_eq!(
            (&entry["kind"], &entry["expiresAt"]),
            (&json!(kind), &Value::Null)
        );
        let refused = site.client.send(PHONE).await;
        assert_eq!((refused.status, &refused.json["rule"]), (403, &json!(rule)));
        assert_eq!(site.run_done(&["blocks"]).await[0]["reason"], "ticket 12");
        assert_eq!(
            site.run_done(&["unblock", kind, value, "--yes"]).await["kind"],
            kind
        );
        assert_eq!(site.run_json(&["unblock", kind, value, "--yes"]).await.0, 3);
        site.renew().await;
    }
    assert_eq!(site.run_done(&["blocks"]).await, json!([]));
    assert_eq!(site.client.send(PHONE).await.status, 202);
}

#[tokio::test]
async fn a_block_can_end_by_itself() {
    let site = Site::start().await;
    let entry = site
        .run_done(&["block", "phone", PHONE, "--reason", "r", "--for", "7d"])
        .await;
    assert!(entry["expiresAt"].as_str() > entry["createdAt"].as_str());
    site.run_done(&[
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
        site.run_done(&["blocks"]).await[0]["expiresAt"],
        "2099-01-01T00:00:00Z"
    );
    let (code, _) = site
        .run_json(&[
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
async fn explain_shows_the_limits_of_a_business() {
    let policy = DEFAULT_POLICY.replacen(
        "[business.login]\n",
        "[business.login]\ntexts_per_hour = 1\ntexts_per_day = 9\n",
        1,
    );
    let site = Site::start_with(&policy, TokenMode::Sealed).await;
    let alone = site.run_done(&["explain", "--business", "login"]).await;
    assert_eq!(alone["refusedBy"], Value::Null);
    assert_eq!(site.client.send(PHONE).await.status, 202);
    let other = "+14152011234";
    let arguments = ["explain", other, "--business", "login"];
    let explained = site.run_done(&arguments).await;
    let refused = site.client.send_from(other, "other", "192.0.2.9").await;
    assert_eq!(refused.json["rule"], "business-per-hour");
    assert_eq!(explained["refusedBy"], refused.json["rule"]);
    assert_eq!(explained["retryAt"], refused.json["retryAt"]);
    let rules = explained["rules"].as_array().expect("rules");
    let of = |name: &str| {
        rules
            .iter()
            .find(|rule| rule["rule"] == name)
            .expect("a rule")
    };
    let day = of("business-per-day");
    assert_eq!((&day["count"], &day["limit"]), (&json!(1), &json!(9)));
    let (code, _) = site
        .run_json(&["explain", other, "--business", "none"])
        .await;
    assert_eq!(code, 2, "the policy has no such business");
    let (code, _) = site
        .run_json(&["block", "business#login", "--reason", "r"])
        .await;
    assert_eq!(code, 2, "a business has limits and is not blocked");
}

#[tokio::test]
async fn explain_names_the_rule_that_then_refuses_and_writes_nothing() {
    let site = Site::start().await;
    let arguments = ["explain", PHONE, "device", "192.0.2.1"];
    let before = site.run_done(&arguments).await;
    assert_eq!(
        (&before["refusedBy"], &before["country"]),
        (&Value::Null, &json!("US"))
    );
    site.client.send(PHONE).await;
    let dump = site.dump().await;
    let explained = site.run_done(&arguments).await;
    assert_eq!(site.dump().await, dump, "a dry run");
    let refused = site.client.send(PHONE).await;
    assert_eq!(explained["refusedBy"], refused.json["rule"]);
    assert_eq!(explained["retryAt"], refused.json["retryAt"]);
    assert_eq!(explained["challenges"][0]["attemptsLeft"], 5);
    let rules = explained["rules"].as_array().expect("rules");
    let of_everybody = |rule: &Rule| rule.subject() != SubjectKind::Business;
    assert_eq!(
        rules.len(),
        Rule::ALL.into_iter().filter(of_everybody).count()
    );
    let counted = |name: &str| {
        let rule = rules
            .iter()
            .find(|rule| rule["rule"] == name)
            .expect("the rule");
        (rule["count"].clone(), rule["limit"].clone())
    };
    assert_eq!(counted("phone-per-hour"), (json!(1), json!(5)));
    assert_eq!(counted("device-per-day"), (json!(1), json!(10)));
    assert_eq!(counted("address-per-hour"), (json!(1), json!(20)));
    // Without a device or an address, their rules are left out.
    let rules = site.run_done(&["explain", PHONE]).await["rules"]
        .as_array()
        .expect("rules")
        .len();
    assert_eq!(rules, 5);
    let with_address = site.run_done(&["explain", PHONE, "-", "192.0.2.1"]).await;
    assert_eq!(with_address["rules"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        site.run_done(&["explain", "+376312345"]).await["refusedBy"],
        "country"
    );
}

#[tokio::test]
async fn unlock_clears_the_wrong_codes_of_a_phone() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    let wrong = if site.read_code(PHONE) == "000000" {
        "000001"
    } else {
        "000000"
    };
    site.client.verify(&token, wrong).await;
    let unlocked = site.run_done(&["unlock", PHONE, "--yes"]).await;
    assert_eq!(
        unlocked["cleared"],
        json!({ "failures": 1, "failuresByDay": { today(): 1 } })
    );
    assert_eq!(site.run_done(&["explain", PHONE]).await["failures"], 0);
    assert_eq!(site.run_json(&["unlock", PHONE, "--yes"]).await.0, 3);
}

#[tokio::test]
async fn forget_erases_every_item_of_the_phone() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.run_done(&["block", "phone", PHONE, "--reason", "r"])
        .await;
    let index = index_phone(PHONE);
    assert!(json!(site.dump().await).to_string().contains(&index));
    site.run_done(&["forget", PHONE, "--with-block", "--yes"])
        .await;
    assert!(!json!(site.dump().await).to_string().contains(&index));
    assert_eq!(site.run_json(&["forget", PHONE, "--yes"]).await.0, 3);
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
    let listed = site.run_done(&["keys", "list"]).await;
    assert_eq!(
        (&listed["keys"][0]["id"], &listed["keys"][0]["current"]),
        (&json!("r1"), &json!(true))
    );
    site.run_done(&["keys", "add"]).await;
    let (code, early) = site.run_json(&["keys", "promote", "r2", "--yes"]).await;
    assert_eq!(code, 4, "{early}");
    let promoted = site
        .run_done(&["keys", "promote", "r2", "--yes", "--force"])
        .await;
    assert_eq!(
        (&promoted["keys"][1]["id"], &promoted["keys"][1]["current"]),
        (&json!("r2"), &json!(true))
    );
    for in_use in [&["r2", "--force"][..], &["r1"]] {
        let step = [&["keys", "retire", "--yes"], in_use].concat();
        let (code, refused) = site.run_json(&step).await;
        assert_eq!(code, 4, "{in_use:?}: {refused}");
    }
    assert_eq!(site.run_json(&["keys", "retire", "r9", "--yes"]).await.0, 3);
    assert_eq!(site.run_json(&["keys", "add", "r1"]).await.0, 2);
    // The service still accepts a challenge made with the old root.
    assert_eq!(
        site.client
            .verify(&token, &site.read_code(PHONE))
            .await
            .status,
        200
    );
    site.run_done(&["keys", "add", "r3"]).await;
    site.run_done(&["keys", "retire", "r3", "--yes"]).await;
    let retired = site
        .run_done(&["keys", "retire", "r1", "--yes", "--force"])
        .await;
    let ids: Vec<_> = retired["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|key| (&key["id"], &key["purpose"]))
        .collect();
    let expected = [("r2", "root"), ("index", "index")].map(|(id, is)| (json!(id), json!(is)));
    assert_eq!(
        ids,
        [
            (&expected[0].0, &expected[0].1),
            (&expected[1].0, &expected[1].1)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_at_once_never_both_change_the_keyring() {
    let site = Site::start().await;
    let list = async || {
        let listed = site.run_done(&["keys", "list"]).await;
        let keys = listed["keys"].as_array().expect("keys").iter();
        let ids = keys.map(|key| key["id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>()
    };
    for round in 0..3 {
        let ids = ["a", "b", "c"].map(|name| format!("{name}{round}"));
        let add = async |id: &str| site.run_json(&["keys", "add", id]).await.0;
        let codes: [i32; 3] = tokio::join!(add(&ids[0]), add(&ids[1]), add(&ids[2])).into();
        let listed = list().await;
        for (id, code) in ids.iter().zip(codes) {
            let expected = if listed.contains(id) { 0 } else { 4 };
            assert_eq!(code, expected, "{id}: {listed:?}");
        }
        assert!(codes.contains(&0), "one of them is the first");
        let before = list().await;
        let (leaked, added) = tokio::join!(
            site.run_json(&["keys", "rotate", "--leaked", "--yes"]),
            add("z1")
        );
        let (listed, (code, said)) = (list().await, leaked);
        let survived = listed.iter().any(|id| id != "index" && before.contains(id));
        assert_eq!(code, if survived { 4 } else { 0 }, "{said} {listed:?}");
        // A root that was added just before a rotation went with it.
        let was_added = listed.contains(&"z1".to_owned()) || code == 0;
        assert!(
            added == 4 || (added == 0 && was_added),
            "{added} {listed:?}"
        );
        site.run_done(&["keys", "rotate", "--leaked", "--yes"])
            .await;
    }
}

#[tokio::test]
async fn keeps_the_peppers_of_an_account_stack_until_they_are_given_up_by_name() {
    let site = Site::start().await;
    let keyring = ("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID);
    let step = async |arguments: &[&str]| {
        let arguments = [&["--json", "--yes", "keys"], arguments].concat();
        let output = site.run_on(&arguments, keyring).await;
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let peppers = |listed: &Value| -> Vec<(Value, Value)> {
        let keys = listed["keys"].as_array().into_iter().flatten();
        keys.filter(|key| key["purpose"] == "pepper")
            .map(|key| (key["id"].clone(), key["current"].clone()))
            .collect()
    };
    assert_eq!(step(&["add", "r2"]).await.0, Some(0));
    assert_eq!(step(&["promote", "r2", "--force"]).await.0, Some(0));
    // Sessions live for a month.
    assert_eq!(step(&["retire", "r1"]).await.0, Some(4));
    let (code, listed) = step(&["retire", "r1", "--force"]).await;
    assert_eq!(code, Some(0), "{listed}");
    assert_eq!(peppers(&listed), [(json!("r1"), json!(true))]);
    assert_eq!(step(&["retire-pepper", "r1", "--force"]).await.0, Some(4));
    let (code, listed) = step(&["rotate", "--leaked"]).await;
    assert_eq!(code, Some(0), "{listed}");
    let expected = [("r1", true), ("p1", false)].map(|(id, is)| (json!(id), json!(is)));
    assert_eq!(peppers(&listed), expected);
    assert_eq!(step(&["retire-pepper", "r1", "--force"]).await.0, Some(4));
    assert_eq!(step(&["retire-pepper", "r9", "--force"]).await.0, Some(3));
    // The verification service's keyring was not touched, and shows no peppers.
    let verification = site.run_done(&["keys", "list"]).await;
    assert_eq!(verification["keys"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn adds_and_retires_an_rsa_key() {
    let site = Site::start().await;
    let added = site.run_done(&["keys", "add-rsa", "--yes"]).await;
    assert_eq!(
        (&added["keys"][1]["id"], &added["keys"][1]["algorithm"]),
        (&json!("rsa1"), &json!("RS256"))
    );
    let human = site.run(&["keys", "list"]).await;
    let human = String::from_utf8(human.stdout).expect("UTF-8");
    assert_eq!(added["keys"][1]["current"], false, "{human}");
    let from = added["keys"][1]["from"].as_str().expect("an instant");
    assert!(human.contains(&format!("signs from {from}")), "{human}");
    assert_eq!(
        site.run_json(&["keys", "add-rsa", "rsa2", "--yes"]).await.0,
        2
    );
    assert_eq!(
        site.run_json(&["keys", "retire", "rsa1", "--yes"]).await.0,
        4
    );
    site.run_done(&["keys", "retire", "rsa1", "--yes", "--force"])
        .await;
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
    let human = String::from_utf8(site.run(&["tail"]).await.stdout).expect("UTF-8");
    assert_eq!(human.lines().count(), 3);
    assert!(
        human.contains("/v1/verify  200  served  US  login"),
        "{human}"
    );
}

#[tokio::test]
async fn send_test_texts_a_specimen_or_names_the_error_of_sns() {
    let site = Site::start().await;
    let asked = site.run_json(&["send-test", PHONE]).await;
    assert_eq!(asked.0, 4, "it asks first: {}", asked.1);
    let zh = ["--business", "login", "--locale", "zh", "--yes"];
    site.run_done(&[&["send-test", PHONE][..], &zh].concat())
        .await;
    let texts = site.stack.backends.inbox.messages(Some(PHONE));
    assert!(texts[0].body.contains("000000") && texts[0].body.contains("登录"));
    site.stack.backends.inbox.set_carrier(Carrier::Refuse);
    let (code, failed) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    assert!(
        failed["error"]
            .as_str()
            .expect("an error")
            .contains("InvalidParameter")
    );
    assert_eq!(
        site.run_json(&["send-test", PHONE, "--business", "none"])
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn a_number_that_is_opted_out_is_named_before_a_text_is_lost() {
    let site = Site::start().await;
    let inbox = &site.stack.backends.inbox;
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], false);
    assert_eq!(site.run_json(&["opt-in", PHONE, "--yes"]).await.0, 3);
    inbox.opt_out(PHONE);
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], true);
    let (code, refused) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    let error = refused["error"].as_str().expect("an error");
    assert!(error.contains("opted out"), "{error}");
    assert_eq!(inbox.publishes(), 0, "it asks SNS before it texts");
    assert_eq!(site.run_json(&["opt-in", PHONE]).await.0, 4, "it asks");
    site.run_done(&["opt-in", PHONE, "--yes"]).await;
    assert!(!inbox.is_opted_out(PHONE));
    site.run_done(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(inbox.messages(Some(PHONE)).len(), 1);
}

#[tokio::test]
async fn policy_check_reports_costs_or_faults() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, DEFAULT_POLICY).expect("written");
    let checked = site.run_done(&["policy", "check", path]).await;
    let template = &checked["templates"][0];
    assert_eq!(
        (&template["segments"], &template["mostCostUsd"]),
        (&json!(1), &json!(0.09))
    );
    assert_eq!(
        checked["leftOut"]["US"],
        json!(["AS", "GU", "MP", "PR", "VI"])
    );
    // Hong Kong is in the list.
    assert_eq!(checked["leftOut"]["CN"], json!(["MO"]));
    std::fs::write(
        &file,
        DEFAULT_POLICY.replace("attempts = 5", "attempts = 50"),
    )
    .expect("written");
    let (code, faulty) = site.run_json(&["policy", "check", path]).await;
    assert_eq!(code, 1);
    assert_eq!(
        faulty["faults"][0]["path"],
        "business.password-change.attempts"
    );
    assert_eq!(
        site.run_json(&["policy", "check", "/no/such/file"]).await.0,
        2
    );
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
