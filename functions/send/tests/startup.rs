//! The log line that an operator sees when the function cannot start.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::process::{Command, Output};

/// Every variable that the function needs. It gets as far as reading the keyring with them.
const COMPLETE: [(&str, &str); 9] = [
    ("ISSUER", "https://verify.example.com"),
    ("LIMITS_TABLE", "Limits"),
    ("CHALLENGES_TABLE", "Challenges"),
    ("BLOCKS_TABLE", "Blocks"),
    ("KEYRING_SECRET_ID", "phoneproof"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    // Nothing listens on the discard port, so reading the keyring fails at once.
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
];

fn start_with(changes: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_send"));
    command.env_clear().envs(COMPLETE);
    command.envs(changes.iter().copied());
    command.output().expect("runs")
}

#[test]
fn a_fault_ends_the_process_with_one_line_that_names_it() {
    for (changes, named) in [
        (&[("ISSUER", "")][..], "ISSUER is not set"),
        (
            &[("TOKEN_MODE", "both")],
            "TOKEN_MODE: `sealed` or `stored` is needed",
        ),
        (
            &[("POLICY_PATH", "/nowhere.toml")],
            "POLICY_PATH: /nowhere.toml cannot be read: No such file or directory",
        ),
        (
            &[],
            "keyring: the secret could not be read (no connection: connection-refused)",
        ),
    ] {
        let output = start_with(changes);
        assert!(!output.status.success());
        let log = String::from_utf8(output.stdout).expect("UTF-8");
        let last = log.lines().last().unwrap_or_default();
        assert!(last.contains(named) && last.contains("ERROR"), "{log}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn a_policy_that_may_not_work_everywhere_is_named_at_the_start() {
    let output = start_with(&[("SMS_SENDER_ID", "ACME")]);
    let log = String::from_utf8(output.stdout).expect("UTF-8");
    let warnings: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("the policy has a warning"))
        .collect();
    // These countries of the sample policy register sender ids.
    let expected = ["AU", "GB", "SG"].map(|code| format!("sms.country.{code}.sender_id: "));
    let names = |(line, path): (&&str, &String)| line.contains(path.as_str());
    assert!(
        warnings.len() == 3 && warnings.iter().zip(&expected).all(names),
        "{log}"
    );
}
