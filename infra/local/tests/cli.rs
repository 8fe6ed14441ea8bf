//! Runs the command `phoneproof-local` as a person does.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

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
    let client = reqwest::Client::builder().no_proxy().build();
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
    assert!(is_private(
        &folder.path().join("tables.sqlite.keyring.json")
    ));
}

#[tokio::test]
async fn a_data_file_keeps_the_inbox_and_only_its_owner_can_read_what_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tables.sqlite");
    std::fs::write(&path, "").expect("written with the mode that files have here");
    let data = path.to_str().expect("UTF-8");
    let (child, url) = start(&["--data", data]);
    assert_eq!(send(&url).await, 202);
    let inbox = get_body(&url, "/inbox/messages").await;
    assert!(inbox.contains("+14152007986"), "{inbox}");
    let files = std::fs::read_dir(folder.path()).expect("a folder");
    for file in files.map(|file| file.expect("a file").path()) {
        assert!(is_private(&file), "{}", file.display());
    }
    assert!(interrupt(child).status.success());
    // A process that is killed while it writes leaves a torn line.
    let kept = folder.path().join("tables.sqlite.inbox.jsonl");
    let torn = std::fs::read_to_string(&kept).expect("kept") + "{\"id\":\"0000";
    std::fs::write(&kept, torn).expect("written");
    let keyring = folder.path().join("tables.sqlite.keyring.json");
    let keys = std::fs::read(&keyring).expect("kept");
    std::fs::remove_file(&keyring).expect("removed");
    std::fs::write(&keyring, keys).expect("written with the mode that files have here");
    let (child, url) = start(&["--data", data, "--loose-limits"]);
    assert_eq!(get_body(&url, "/inbox/messages").await, inbox);
    assert_eq!(
        get_body(&url, "/inbox/messages?phone=+14152007986").await,
        inbox
    );
    assert!(is_private(&keyring), "also a file that was not");
    assert_eq!(send_to(&url, "+14152017986").await, 202);
    let both = get_body(&url, "/inbox/messages").await;
    assert!(
        both.contains("\"id\":\"00000002\"") && both.contains("\"id\":\"00000001\""),
        "{both}"
    );
    assert!(interrupt(child).status.success());
}

#[tokio::test]
async fn one_process_at_a_time_has_a_data_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("tables.sqlite");
    let data = data.to_str().expect("UTF-8");
    let (mut child, _) = start(&["--data", data]);
    let errors = fail(&["--data", data]);
    assert!(
        errors.contains(data) && errors.contains("another process has it"),
        "{errors}"
    );
    #[cfg(unix)]
    {
        let link = folder.path().join("link.sqlite");
        std::os::unix::fs::symlink(data, &link).expect("linked");
        let errors = fail(&["--data", link.to_str().expect("UTF-8")]);
        assert!(errors.contains("another process has it"), "{errors}");
    }
    // Another file has a lock and keyrings of its own, also when only the extension differs.
    let other = folder.path().join("tables.db");
    let (second, _) = start(&["--data", other.to_str().expect("UTF-8")]);
    assert!(interrupt(second).status.success());
    let keyring = |data: &str| std::fs::read(format!("{data}.keyring.json")).expect("kept");
    assert_ne!(keyring(data), keyring(other.to_str().expect("UTF-8")));
    child.kill().expect("killed");
    child.wait().expect("ended");
    let (child, _) = start(&["--data", data]);
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

#[test]
fn damaged_tables_and_keyrings_that_are_gone_or_exchanged_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("t.sqlite");
    let name = |extension: &str| format!("{}{extension}", data.display());
    let arguments = ["--data", data.to_str().expect("UTF-8")];
    let (child, _) = start(&arguments);
    assert!(interrupt(child).status.success());
    let (keyring, account) = (name(".keyring.json"), name(".account-keyring.json"));
    for missing in [&keyring, &account] {
        let text = std::fs::read(missing).expect("kept");
        std::fs::remove_file(missing).expect("removed");
        let errors = fail(&arguments);
        assert!(
            errors.contains(missing) && errors.contains("is missing"),
            "{errors}"
        );
        std::fs::write(missing, text).expect("put back");
    }
    let (own, other) = (std::fs::read(&keyring), std::fs::read(&account));
    std::fs::write(&keyring, other.expect("kept")).expect("exchanged");
    let errors = fail(&arguments);
    assert!(
        errors.contains(&keyring) && errors.contains("this is the account service's"),
        "{errors}"
    );
    std::fs::write(&keyring, own.expect("kept")).expect("put back");
    let tables = std::fs::read(&data).expect("kept");
    let mut damaged = tables.clone();
    damaged[16..].fill(0xaa);
    std::fs::write(&data, damaged).expect("damaged");
    let errors = fail(&arguments);
    assert!(
        errors.contains(&name(": the database is damaged")),
        "{errors}"
    );
    assert!(!errors.contains("encryption"), "{errors}");
    std::fs::write(&data, tables).expect("put back");
    let (child, _) = start(&arguments);
    assert!(interrupt(child).status.success());
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
    let keyring = folder.path().join("bad.sqlite.keyring.json");
    let text = folder.path().join("text.sqlite");
    std::fs::write(
        &text,
        "This is no database, but a text of some length.\n".repeat(99),
    )
    .expect("written");
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
            format!("{}: this file is no database", text.display()).as_str(),
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
    assert_eq!(
        std::fs::read(&text).expect("kept").len(),
        99 * 48,
        "unchanged"
    );
    let beside = std::fs::read_dir(folder.path()).expect("a folder");
    let names = beside.map(|file| file.expect("a file").file_name());
    assert!(
        !names
            .into_iter()
            .any(|name| name.to_string_lossy().starts_with("text.sqlite."))
    );
}
