//! The path of the public URL, at which a local stack serves everything besides the root.

use std::io;

use crate::page;

/// Reads the path of `issuer`; empty for the root.
///
/// # Errors
///
/// When the path begins as one of the stack's own does. The two services of the stack share its root, so the documents
/// of the one would stand where those of the other do.
pub(super) fn read(issuer: Option<&str>) -> io::Result<String> {
    let base_path = issuer.map_or_else(String::new, |url| phoneproof_http::base_path(url, ""));
    let first = first_segment(&base_path);
    if !first.is_empty() && own_paths().any(|path| first_segment(path) == first) {
        return Err(io::Error::other(format!(
            "--issuer: the path /{first} is one of the stack's own; choose another one, such as /sms"
        )));
    }
    Ok(base_path)
}

/// Lists the paths of both APIs and of the pages.
fn own_paths() -> impl Iterator<Item = &'static str> {
    let sends = phoneproof_send::ROUTES.iter().map(|route| route.path);
    let verifies = phoneproof_verify::ROUTES.iter().map(|route| route.path);
    let accounts = [phoneproof_account::PREFIX].into_iter();
    page::paths().chain(sends).chain(verifies).chain(accounts)
}

fn first_segment(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_not_a_path_of_the_stack_itself() {
        for (issuer, base_path) in [
            (None, ""),
            (Some("http://127.0.0.1:3000"), ""),
            (Some("http://127.0.0.1:3000/base"), "/base"),
            (Some("https://dev.example.com/sms/one"), "/sms/one"),
            (
                Some("https://dev.example.com/accounting/v1"),
                "/accounting/v1",
            ),
        ] {
            assert_eq!(read(issuer).expect("accepted"), base_path);
        }
        for path in [
            "account",
            "v1",
            "v1/x",
            "accounts",
            "inbox",
            "operations",
            "demo",
            ".well-known",
            "openapi.json",
        ] {
            let error = read(Some(&format!("http://127.0.0.1:3000/{path}"))).expect_err(path);
            assert!(error.to_string().starts_with("--issuer: "), "{error}");
        }
    }
}
