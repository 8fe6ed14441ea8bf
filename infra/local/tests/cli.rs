//! Runs the command `phoneproof-local` as a person does.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phoneproof-local"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a stack, waits until it is ready, and returns its URL.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = command(&[&["--port", "0"], arguments].concat())
        .spawn()
        .expect("starts");
    let output = child.stdout.take().expect("piped");
    let url = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        .expect("a listening line");
    (child, url)
}

/// Sends SIGINT, as Ctrl-C does, and waits for the process to end.
fn interrupt(child: Child) -> Output {
    let pid = child.id().to_string();
    let sent = Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    child.wait_with_output().expect("ends")
}

async fn get_body(url: &str, path: &str) -> String {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let answer = client
        .get(format!("{url}{path}"))
        .send()
        .await
        .expect("an answer");
    answer.text().await.expect("a body")
}

#[tokio::test]
async fn answers_once_it_says_that_it_listens_and_stops_on_ctrl_c() {
    let (child, url) = start(&[]);
    assert_eq!(get_body(&url, "/v1/ping").await, "ok");
    assert!(interrupt(child).status.success());
}

#[tokio::test]
async fn a_data_file_keeps_tables_and_keys_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("tables.sqlite");
    let data = data.to_str().expect("UTF-8");
    let (child, url) = start(&["--data", data]);
    let keys = get_body(&url, "/.well-known/jwks.json").await;
    let sent = send(&url).await;
    assert_eq!(sent, 202);
    assert!(interrupt(child).status.success());
    let (child, url) = start(&["--data", data, "--token-mode", "stored"]);
    assert_eq!(get_body(&url, "/.well-known/jwks.json").await, keys);
    assert_eq!(send(&url).await, 429, "the cooldown was kept");
    assert!(interrupt(child).status.success());
    assert!(is_private(&folder.path().join("tables.keyring.json")));
}

async fn send(url: &str) -> u16 {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let body = r#"{"phone":"+14152007986","uniqueId":"d","businessId":"login"}"#;
    let request = client
        .post(format!("{url}/v1/send"))
        .header("content-type", "application/json");
    request
        .body(body)
        .send()
        .await
        .expect("an answer")
        .status()
        .as_u16()
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path
        .metadata()
        .expect("the keyring file")
        .permissions()
        .mode();
    mode.trailing_zeros() >= 6
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    path.exists()
}

#[test]
fn a_fault_stops_it_with_a_line_that_names_the_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[numbers]\ncountries = [\"USA\"]\n[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"no code\"").expect("written");
    let keyring = folder.path().join("bad.keyring.json");
    std::fs::write(keyring, "{\"current\":\"r1\",\"r1\":\"short\"}").expect("written");
    let data = folder.path().join("bad.sqlite");
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    for (arguments, named) in [
        (vec!["--policy", "/nowhere.toml"], "/nowhere.toml"),
        (
            vec!["--policy", path(&policy).as_str()],
            "numbers.countries[0]",
        ),
        (
            vec!["--data", path(&data).as_str()],
            "root `r1` needs a secret of at least 43",
        ),
    ] {
        let output = command(&[&["--port", "0"], arguments.as_slice()].concat())
            .output()
            .expect("runs");
        assert!(!output.status.success());
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        let last = errors.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("phoneproof-local: ") && last.contains(named),
            "{errors}"
        );
    }
}
