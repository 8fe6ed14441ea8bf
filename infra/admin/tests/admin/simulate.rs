//! `simulate`: what attacks cost under a policy file. It needs no stack.

use std::path::PathBuf;
use std::process::{Command, Output};

use phoneproof_config::DEFAULT_POLICY;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a policy.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn with(policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Self { folder };
        desk.write("policy.toml", policy);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// Runs the command in the folder. Nothing names a region, a stack or credentials.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"));
        command.current_dir(self.folder.path()).env_clear();
        let command = command.arg("simulate").args(arguments);
        command.output().expect("the command runs")
    }

    fn figures(&self, arguments: &[&str]) -> Value {
        let common = ["--policy", "policy.toml", "--seeds", "1", "--json"];
        let output = self.run(&[&common, arguments].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn dollars(figures: &Value, of: &str) -> f64 {
    let cost = figures.pointer(&format!("/attacks/0/{of}/costUsd"));
    cost.and_then(Value::as_f64).expect("a number")
}

#[test]
fn it_shows_what_an_attack_costs_with_and_without_the_purses_and_draws_it() {
    let desk = Desk::with(DEFAULT_POLICY);
    let figures = desk.figures(&["--only", "6b", "--plot", "plot.svg"]);
    // The figures of the model in which the purses were designed.
    assert!(dollars(&figures, "limitsAlone") > 1_700.0);
    assert!((dollars(&figures, "policy") - 1.10).abs() < 0.23);
    let policy = &figures["attacks"][0]["policy"];
    assert!(policy["honest"]["lostPercent"].as_f64() < Some(1.0));
    assert!(policy["stoppedBy"]["number-block-purse"].as_u64() > Some(7_000));
    let drawn = std::fs::read_to_string(desk.path("plot.svg")).expect("a drawing");
    assert!(drawn.starts_with("<svg ") && drawn.contains("without number-block purses"));
    assert_eq!(figures["loads"], serde_json::json!([]));
}

#[test]
fn it_plays_the_policy_that_it_is_given() {
    let loose = DEFAULT_POLICY
        .replace("start_texts = 4", "start_texts = 1000")
        .replace("texts = 8\nusd = 0.05", "texts = 1000\nusd = 0.05");
    assert!(dollars(&Desk::with(&loose).figures(&["--only", "6b"]), "policy") > 5.0);
    let shadow = DEFAULT_POLICY.replace(
        "shadow = []",
        "shadow = [\"country-purse\", \"number-block-purse\", \"money-per-day\"]",
    );
    let figures = Desk::with(&shadow).figures(&["--only", "6b"]);
    let policy = &figures["attacks"][0]["policy"];
    assert!(policy["wouldRefuse"].as_u64() > Some(7_000), "{policy}");
    assert!(policy["texts"].as_f64() > Some(7_000.0), "{policy}");
}

#[test]
fn it_says_how_far_it_is_and_ends_with_a_table() {
    let desk = Desk::with(DEFAULT_POLICY);
    let arguments = ["--policy", "policy.toml", "--seeds", "2", "--only", "cm,cf"];
    let output = desk.run(&arguments);
    let (shown, table) = (text(&output.stderr), text(&output.stdout));
    assert!(shown.contains("simulating: 6 of 6, 20 a day"), "{shown}");
    assert!(table.contains("Seeds 1 to 2"), "{table}");
    assert!(
        table.contains("cm  20 a day in a new country, MA $0.22"),
        "{table}"
    );
}

#[test]
fn attackers_choose_among_the_countries_of_ones_own_load() {
    let desk = Desk::with(DEFAULT_POLICY);
    desk.write(
        "stats.json",
        r#"{
            "since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z",
            "countries": {
                "DE": { "sent": 400, "verified": 340, "conversion": 0.85 },
                "US": { "sent": 100, "verified": 90, "conversion": 0.9 }
            }
        }"#,
    );
    let figures = desk.figures(&["--only", "2", "--load", "stats.json"]);
    let title = figures["attacks"][0]["title"].as_str().expect("a title");
    assert!(title.ends_with(", DE"), "the dearest: {title}");
    // 8,000 texts at the policy's $0.09.
    assert!((dollars(&figures, "limitsAlone") - 720.0).abs() < 1.0);
    assert!(dollars(&figures, "policy") < 2.0);
    let note = figures["notes"][0].as_str().expect("a note");
    assert!(
        note.starts_with("Your service: 500 sends a day in 2 countries"),
        "{note}"
    );
}

#[test]
fn what_it_cannot_play_is_named() {
    let desk = Desk::with(&DEFAULT_POLICY.replace("texts = 14", "texts = 0"));
    desk.write("load.json", "{}");
    let faulty = desk.run(&["--policy", "policy.toml"]);
    assert_eq!(faulty.status.code(), Some(1));
    let named = text(&faulty.stdout);
    assert!(
        named.starts_with("purses.crowd.texts: 1 to 1,000,000"),
        "{named}"
    );
    let desk = Desk::with(DEFAULT_POLICY);
    desk.write("load.json", "{}");
    for (arguments, named) in [
        (&[] as &[&str], "--policy: a policy file is needed"),
        (&["--policy", "nowhere.toml"], "nowhere.toml: "),
        (
            &["--policy", "policy.toml", "--only", "x"],
            "--only: there is no scenario x; there are 1, 1n",
        ),
        (
            &["--policy", "policy.toml", "--load", "load.json"],
            "load.json: `countries` is needed",
        ),
        (&["--policy", "policy.toml", "--seeds", "0"], "--seeds"),
        (
            &["--policy", "policy.toml", "--first-seed", "1000000001"],
            "--first-seed",
        ),
        (
            &[
                "--policy",
                "policy.toml",
                "--only",
                "cf,cm",
                "--plot",
                "p.svg",
            ],
            "--plot draws attacks, and --only names none",
        ),
    ] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(named), "{output:?}");
    }
    assert!(!desk.path("p.svg").exists(), "nothing is drawn");
}
