//! `PROXY_SECRET_SHA256`: a proxy that shows its secret names the client, as it does in a deployment.

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_crypto::digest::sha256;

use super::*;

const SECRET: &str = "the secret of a distribution";

fn digest() -> String {
    let digest = sha256(SECRET.as_bytes()).map(|byte| format!("{byte:02x}"));
    digest.concat()
}

/// Sends a text through a proxy with this secret, which names this viewer. Returns the status.
async fn send_through(url: &str, phone: &str, secret: &str, viewer: &str) -> u16 {
    let body = format!(r#"{{"phone":"{phone}","uniqueId":"{phone}","businessId":"login"}}"#);
    let request = client()
        .post(format!("{url}/v1/send"))
        .header("content-type", "application/json")
        .header("x-proxy-secret", secret)
        .header("cloudfront-viewer-address", viewer);
    let answer = request.body(body).send().await.expect("an answer");
    answer.status().as_u16()
}

#[tokio::test]
async fn a_proxy_that_shows_its_secret_names_the_client() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    let policy = DEFAULT_POLICY.replacen("address_per_hour = 20", "address_per_hour = 1", 1);
    assert_ne!(policy, DEFAULT_POLICY);
    std::fs::write(&path, policy).expect("written");
    let path = path.to_str().expect("UTF-8");
    let digest = digest();
    let given = [("PROXY_SECRET_SHA256", digest.as_str())];
    let (child, lines) = start_with(&["--policy", path], &given);
    let announced = lines.iter().find(|line| line.starts_with("proxy "));
    let announced = announced.expect("a line about the proxy");
    assert!(
        announced.contains("cloudfront-viewer-address"),
        "{announced}"
    );
    let url = find_url(&lines);
    for (phone, secret, viewer, status) in [
        ("+14152007981", SECRET, "198.51.100.1:4000", 202),
        ("+14152017982", SECRET, "198.51.100.1:4001", 429),
        ("+14152027983", SECRET, "198.51.100.2:4000", 202),
        // Without the secret, the connection counts, whatever address the request names.
        ("+14152037984", "another", "198.51.100.3:4000", 202),
        ("+14152047985", "another", "198.51.100.4:4000", 429),
    ] {
        let got = send_through(&url, phone, secret, viewer).await;
        assert_eq!(got, status, "{phone} {viewer}");
    }
    assert!(interrupt(child).status.success());
}

#[test]
fn a_proxy_that_is_set_up_wrongly_stops_it() {
    for (name, value, words) in [
        (
            "PROXY_SECRET_SHA256",
            "canary",
            "PROXY_SECRET_SHA256: the SHA-256 of one secret",
        ),
        (
            "PROXY_ADDRESS_HEADER",
            "true-client-ip",
            "PROXY_SECRET_SHA256 is not set",
        ),
    ] {
        let mut command = command(&["--port", "0"]);
        let output = command.env(name, value).output().expect("runs");
        assert!(!output.status.success());
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(
            errors.contains(words) && !errors.contains("canary"),
            "{errors}"
        );
    }
}
