//! Reads which proxy is trusted to name the address of a client.

use http::HeaderName;
use phoneproof_crypto::digest::{DIGEST_BYTES, has_sha256};

use crate::{ConfigError, Environment};

/// The variable with the digests of the proxy's secrets.
const SECRETS: &str = "PROXY_SECRET_SHA256";
/// The variable with the header that names the client.
const HEADER: &str = "PROXY_ADDRESS_HEADER";
/// The header of a CloudFront distribution.
const DEFAULT_HEADER: &str = "cloudfront-viewer-address";

/// A proxy that shows a secret and names the client's address in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// `PROXY_SECRET_SHA256`: the SHA-256 of the secret that the proxy sends in `X-Proxy-Secret`. While the secret
    /// changes, the digests of the old one and the new one, separated by a comma.
    pub secrets: Vec<[u8; DIGEST_BYTES]>,
    /// `PROXY_ADDRESS_HEADER`: the header in which it names the client; `cloudfront-viewer-address` if it is not set.
    pub address_header: HeaderName,
}

/// Reads the settings of the proxy; `None` trusts no proxy.
///
/// # Errors
///
/// [`ConfigError`] names the variable and what is accepted.
pub fn read_proxy(environment: &dyn Environment) -> Result<Option<ProxySettings>, ConfigError> {
    let Some(digests) = environment.get(SECRETS) else {
        return match environment.get(HEADER) {
            // Without a secret anybody could send the header.
            Some(_) => Err(ConfigError::Missing(SECRETS)),
            None => Ok(None),
        };
    };
    let secrets: Option<Vec<_>> = digests
        .split(',')
        .map(|text| parse_digest(text.trim()))
        .collect();
    let secrets = secrets.filter(|secrets| secrets.len() <= 2);
    let header = environment
        .get(HEADER)
        .unwrap_or_else(|| DEFAULT_HEADER.to_owned());
    Ok(Some(ProxySettings {
        secrets: secrets.ok_or(ConfigError::Invalid {
            variable: SECRETS,
            accepted: "the SHA-256 of one secret, or of two, separated by a comma, is needed: 64 hexadecimal \
                       digits each, and not of an empty text",
        })?,
        address_header: parse_header(&header).ok_or(ConfigError::Invalid {
            variable: HEADER,
            accepted: "a header with one address, which the proxy overwrites, is needed; X-Forwarded-For and \
                       Forwarded are lists to which callers can add",
        })?,
    }))
}

/// Reads the SHA-256 of a secret: 64 hexadecimal digits in either case.
///
/// That of an empty secret is not accepted: `sha256sum` prints it when a variable of the shell is empty, and anybody knows it.
pub(crate) fn parse_digest(text: &str) -> Option<[u8; DIGEST_BYTES]> {
    let mut digest = [0; DIGEST_BYTES];
    if text.len() != 2 * DIGEST_BYTES || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        let pair = text.get(index * 2..index * 2 + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    (!has_sha256(b"", &digest)).then_some(digest)
}

fn parse_header(text: &str) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok()?;
    let is_list = matches!(name.as_str(), "x-forwarded-for" | "forwarded" | "via");
    let is_taken = matches!(name.as_str(), "x-proxy-secret" | "host");
    (!is_list && !is_taken).then_some(name)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::tests_support::Given;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

    fn read(variables: &[(&'static str, &'static str)]) -> Result<Option<ProxySettings>, String> {
        let given = Given(variables.iter().copied().collect());
        read_proxy(&given).map_err(|error| error.to_string())
    }

    #[test]
    fn one_secret_or_two_and_the_header_of_cloudfront_or_another() {
        assert_eq!(read(&[]), Ok(None));
        let one = read(&[(SECRETS, ONE)]).expect("valid").expect("a proxy");
        assert_eq!((one.secrets.len(), one.secrets[0][31]), (1, 0x1f));
        assert_eq!(one.address_header, DEFAULT_HEADER);
        let both = concat!(
            "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F, ",
            "ffff02030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
        );
        let two = read(&[(SECRETS, both), (HEADER, "True-Client-IP")]);
        let two = two.expect("valid").expect("a proxy");
        assert_eq!((two.secrets.len(), two.secrets[1][0]), (2, 0xff));
        assert_eq!(two.address_header, "true-client-ip");
    }

    #[test]
    fn names_each_bad_variable() {
        // Of an empty secret.
        const EMPTY: &str = "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for digests in ["q", "0001", "canary", ",,", "00,11", EMPTY] {
            let error = read(&[(SECRETS, digests)]).expect_err("refused");
            assert!(
                error.starts_with(SECRETS) && !error.contains(digests),
                "{error}"
            );
        }
        for header in [
            "X-Forwarded-For",
            "forwarded",
            "via",
            "x-proxy-secret",
            "host",
            "a b",
        ] {
            let error = read(&[(SECRETS, ONE), (HEADER, header)]).expect_err("refused");
            assert!(error.starts_with(HEADER), "{header}: {error}");
        }
        assert_eq!(
            read(&[(HEADER, "true-client-ip")]),
            Err(format!("{SECRETS} is not set"))
        );
    }
}
