//! `--data`: what is kept, who can read it, and what is refused.

use super::*;

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
    damaged.iter_mut().skip(16).for_each(|byte| *byte = 0xaa);
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
