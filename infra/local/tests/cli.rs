//! Runs the command `phoneproof-local` as a person does.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

#[path = "cli/data.rs"]
mod data;
#[path = "cli/operator.rs"]
mod operator;
#[path = "cli/proxy.rs"]
mod proxy;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use phoneproof_domain::rule::Rule;

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
    let (child, lines) = start_exporting(arguments);
    let url = find_url(&lines);
    (child, url)
}

/// Finds the URL of a stack in what it printed.
fn find_url(lines: &[String]) -> String {
    let mut lines = lines.iter();
    let url = lines.find_map(|line| line.strip_prefix("listening on "));
    url.expect("a listening line").to_owned()
}

/// Starts a stack, waits until it is ready, and returns what it printed.
fn start_exporting(arguments: &[&str]) -> (Child, Vec<String>) {
    start_with(arguments, &[])
}

/// The same with variables of the environment.
fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> (Child, Vec<String>) {
    let mut child = command(&[&["--port", "0"], arguments].concat())
        .envs(variables.iter().copied())
        .spawn()
        .expect("starts");
    let output = child.stdout.take().expect("piped");
    let mut printed = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let is_last = line.starts_with("listening on ");
        printed.push(line);
        if is_last {
            break;
        }
    }
    (child, printed)
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

/// Runs a stack that cannot start, and returns its last line.
fn fail(arguments: &[&str]) -> String {
    let arguments: Vec<&str> = if arguments.contains(&"--port") {
        arguments.to_vec()
    } else {
        [&["--port", "0"], arguments].concat()
    };
    let output = command(&arguments).output().expect("runs");
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    let last = errors.lines().last().unwrap_or_default();
    assert!(last.starts_with("phoneproof-local: "), "{errors}");
    last.to_owned()
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build();
    client.expect("a client")
}

async fn get_body(url: &str, path: &str) -> String {
    let answer = client()
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
async fn a_taken_port_says_what_to_do() {
    let (child, url) = start(&[]);
    let port = url.rsplit(':').next().expect("a port");
    let errors = fail(&["--port", port]);
    assert!(
        errors.contains(&format!("port {port} on 127.0.0.1")),
        "{errors}"
    );
    assert!(errors.contains("choose another with --port"), "{errors}");
    assert!(interrupt(child).status.success());
}

#[test]
fn what_is_no_port_is_told_what_is_accepted() {
    for port in ["65534", "70000", "-1", "x", ""] {
        let output = command(&["--port", port]).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{port}");
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        let accepted = "a port from 0 to 65533 is needed";
        assert!(
            errors.contains("--port") && errors.contains(accepted),
            "{errors}"
        );
    }
}

/// With a port of its own, a stack takes three. The one that was chosen is named when all are taken.
#[test]
fn a_second_stack_on_the_same_port_names_that_port() {
    let (taken, port) = (0..100)
        .find_map(|_| {
            let first = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
            let port = first.local_addr().ok()?.port();
            let more = [1, 2].map(|step| {
                std::net::TcpListener::bind(("127.0.0.1", port.checked_add(step)?)).ok()
            });
            more.iter()
                .all(Option::is_some)
                .then_some(((first, more), port))
        })
        .expect("three ports in a row");
    let errors = fail(&["--port", &port.to_string()]);
    assert!(
        errors.contains(&format!("port {port} on 127.0.0.1, for the API")),
        "{errors}"
    );
    drop(taken);
}

#[tokio::test]
async fn an_issuer_with_a_path_is_served_at_that_path_or_refused() {
    let (child, url) = start(&["--issuer", "http://127.0.0.1:7360/base"]);
    for base in ["", "/base"] {
        assert_eq!(get_body(&url, &format!("{base}/v1/ping")).await, "ok");
        assert_eq!(
            send_to(
                &format!("{url}{base}"),
                &format!("+1415200{}", 7_980 + base.len())
            )
            .await,
            202
        );
        let page = get_body(&url, &format!("{base}/")).await;
        assert!(page.contains("<title>"), "{page}");
    }
    let discovery = get_body(&url, "/base/.well-known/openid-configuration").await;
    assert!(
        discovery.contains("\"http://127.0.0.1:7360/base/.well-known/jwks.json\""),
        "{discovery}"
    );
    assert!(interrupt(child).status.success());
    for issuer in [
        "http://127.0.0.1:7360/account",
        "http://127.0.0.1:7360/v1",
        "http://127.0.0.1:7360/base/",
        "http://127.0.0.1:7360//base",
        "http://127.0.0.1:7360/base?x",
        "http://127.0.0.1:7360/base#x",
        "http://127.0.0.1:7360/a%20b",
        "http://me@127.0.0.1:7360/base",
        "http://127.0.0.1:99999",
        "127.0.0.1:7360/base",
        "/base",
        "",
    ] {
        let errors = fail(&["--issuer", issuer]);
        assert!(errors.contains("--issuer: "), "{issuer}: {errors}");
    }
}

#[tokio::test]
async fn loose_limits_let_a_suite_text_from_one_address() {
    let (child, url) = start(&["--loose-limits"]);
    for n in 0..30 {
        assert_eq!(send_to(&url, &format!("+14152007{n:03}")).await, 202, "{n}");
    }
    assert!(interrupt(child).status.success());
    let (child, url) = start(&[]);
    for n in 0..20 {
        assert_eq!(
            send_to(&url, &format!("+1415{}7986", 200 + n)).await,
            if n < 10 { 202 } else { 429 }
        );
    }
    assert!(interrupt(child).status.success());
}

/// `phoneproof-admin` judges by the policy that the stack serves.
#[tokio::test]
async fn the_policy_that_programs_read_has_the_loose_limits() {
    for (arguments, limit, wrong_codes) in [
        (&["--loose-limits"][..], 1_000_000, 100),
        (&["--loose-limits", "--voice"][..], 1_000_000, 100),
        (&[][..], 5, 20),
    ] {
        let (child, exports) = start_exporting(arguments);
        let policy_url = exports
            .iter()
            .find_map(|line| line.trim().strip_prefix("export POLICY_URL="))
            .expect("a URL");
        let answer = client().get(policy_url).send().await.expect("an answer");
        let text = answer.text().await.expect("a text");
        let policy = phoneproof_config::policy::from_toml(&text).expect("a good policy");
        let found = policy.limits.get(Rule::PhonePerHour);
        assert_eq!(found, Some(limit), "{arguments:?}");
        assert_eq!(policy.lockout.soft, wrong_codes, "{arguments:?}");
        assert!(interrupt(child).status.success());
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_both_apis() {
    let allowed = ["http://localhost:5173", "https://app.example.com"];
    let (child, url) = start(&[
        "--allowed-origin",
        allowed[0],
        "--allowed-origin",
        allowed[1],
    ]);
    let client = client();
    for (origin, is_allowed) in [
        (allowed[0], true),
        (allowed[1], true),
        ("https://evil.example", false),
    ] {
        for path in ["/v1/send", "/account/v1/sessions"] {
            let request = client.request(reqwest::Method::OPTIONS, format!("{url}{path}"));
            let preflight = request
                .header("origin", origin)
                .header("access-control-request-method", "POST");
            let answer = preflight.send().await.expect("an answer");
            let named = answer.headers().get("access-control-allow-origin");
            assert_eq!(
                named.is_some_and(|named| named == origin),
                is_allowed,
                "{origin} {path}"
            );
        }
    }
    assert!(interrupt(child).status.success());
    for malformed in [
        "app.example.com/",
        "",
        " ",
        ",",
        "*",
        "null",
        "http://localhost:5173,",
        "http://localhost:5173,https://app.example.com",
        "http://localhost:5173/path",
        "http://localhost:port",
    ] {
        let errors = fail(&[
            "--allowed-origin",
            allowed[0],
            "--allowed-origin",
            malformed,
        ]);
        assert!(
            errors.contains("--allowed-origin: an origin such as"),
            "{malformed}: {errors}"
        );
        assert!(errors.contains("repeat the option"), "{errors}");
    }
}

async fn send(url: &str) -> u16 {
    send_to(url, "+14152007986").await
}

async fn send_to(url: &str, phone: &str) -> u16 {
    let body = format!(r#"{{"phone":"{phone}","uniqueId":"d","businessId":"login"}}"#);
    let request = client()
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

#[test]
fn a_fault_stops_it_with_a_line_that_names_the_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[numbers]\ncountries = [\"USA\"]\n[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"no code\"").expect("written");
    let keyring = folder.path().join("bad.sqlite.keyring.json");
    let text = folder.path().join("text.sqlite");
    let words = "This is not a database but a text of some length.\n".repeat(99);
    std::fs::write(&text, &words).expect("written");
    std::fs::write(&keyring, "{\"current\":\"r1\",\"r1\":\"short\"}").expect("written");
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
        (
            vec!["--data", path(&data).as_str()],
            path(&keyring).as_str(),
        ),
        (
            vec!["--data", "/nowhere/t.sqlite"],
            "/nowhere/t.sqlite: the folder /nowhere does not exist",
        ),
        (
            vec!["--data", path(&text).as_str()],
            format!("{}: this file is not a database", text.display()).as_str(),
        ),
        (
            vec!["--data", path(folder.path()).as_str()],
            format!("{}: this is not a file", folder.path().display()).as_str(),
        ),
        (vec!["--data", "/dev/null"], "/dev/null: this is not a file"),
    ] {
        let errors = fail(&arguments);
        assert!(errors.contains(named), "{errors}");
    }
    let kept = std::fs::read_to_string(&text).expect("kept");
    assert_eq!(kept, words, "unchanged");
    let beside = std::fs::read_dir(folder.path()).expect("a folder");
    let names = beside.map(|file| file.expect("a file").file_name());
    assert!(
        !names
            .into_iter()
            .any(|name| name.to_string_lossy().starts_with("text.sqlite."))
    );
}

/// A deployment makes the configuration of Notify, and a policy need not name it.
#[tokio::test]
async fn a_policy_with_notify_texts_by_the_configuration_that_a_deployment_would_make() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let policy = "[numbers]\ncountries = [\"US\"]\n[sms]\nchannels = [\"notify\"]\nprice_usd.US = 0.01\n\
                  [notify]\ntemplates.en = \"notify-code-verification-english-001\"\n\
                  [business.login]\nbrand = \"Example\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\n";
    std::fs::write(file.path(), policy).expect("written");
    let path = file.path().to_str().expect("UTF-8");
    let (child, lines) = start_exporting(&["--policy", path]);
    let exported = "  export NOTIFY_CONFIGURATION_ID=notify-local";
    assert!(lines.iter().any(|line| line == exported), "{lines:#?}");
    let url = lines
        .last()
        .and_then(|line| line.strip_prefix("listening on "));
    let request = r#"{"phone": "+14152007986", "uniqueId": "device-1", "businessId": "login"}"#;
    let sent = client()
        .post(format!("{}/v1/send", url.expect("a URL")))
        .header("content-type", "application/json")
        .body(request)
        .send()
        .await
        .expect("an answer");
    assert_eq!(sent.status(), 202);
    interrupt(child);
}
