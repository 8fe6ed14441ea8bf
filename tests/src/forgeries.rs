//! A table of forged tokens. Each forgery is a good token with one thing changed.
//!
//! The suites present the table everywhere a token is accepted. The service's ledger, the guard crate and the account
//! service accept success tokens. The account service also accepts access tokens.

use phoneproof_guard::Rejection;
use serde_json::{Value, json};

use crate::{encode, with_mac};

/// Signs any header and any text of claims with an issuer's own key.
pub type Sign<'s> = Box<dyn Fn(&Value, &str) -> String + 's>;

/// A good token, with what it takes to change it and sign it again as its issuer.
pub struct Specimen<'s> {
    /// The good token, as its issuer signed it.
    pub token: String,
    /// The header of the good token.
    pub header: Value,
    /// The claims of the good token.
    pub claims: Value,
    /// The names of the claims that a verifier must require, besides the times.
    pub required: &'static [&'static str],
    /// The issuer's public key in every form that a faulty verifier might take for an HMAC secret.
    pub secrets: Vec<Vec<u8>>,
    /// Signs any header and any claims with the issuer's own key.
    pub sign: Sign<'s>,
}

/// A token that every verifier must refuse.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// What was changed, for messages.
    pub what: String,
    /// The forged token, ready to present to a verifier.
    pub token: String,
    /// The rejection that the guard must give. `None` if any rejection is right.
    pub rejection: Option<Rejection>,
}

/// The rows of the table collected so far.
#[derive(Default)]
struct Rows(Vec<Forgery>);

impl Rows {
    fn add(&mut self, what: impl Into<String>, token: String, rejection: Option<Rejection>) {
        self.0.push(Forgery {
            what: what.into(),
            token,
            rejection,
        });
    }
}

impl Specimen<'_> {
    /// Returns every forgery of this token.
    #[must_use]
    pub fn forgeries(&self) -> Vec<Forgery> {
        [
            self.of_algorithms(),
            self.of_keys(),
            self.of_types(),
            self.of_times(),
            self.of_claims(),
            self.of_shapes(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Signs the unchanged header and claims again.
    ///
    /// A verifier must accept this token. That shows that it refuses a forgery because of the change.
    #[must_use]
    pub fn sign_again(&self) -> String {
        (self.sign)(&self.header, &self.claims.to_string())
    }

    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.header.clone();
        change(&mut header);
        (self.sign)(&header, &self.claims.to_string())
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        (self.sign)(&self.header, &claims.to_string())
    }

    fn without_claim(&self, name: &str) -> String {
        self.with_claims(|claims| drop(claims.as_object_mut().map(|all| all.remove(name))))
    }

    /// Returns tokens that name an algorithm other than the key's own.
    ///
    /// Some have no signature, a correct one or the old one. Others have a MAC whose secret is the public key
    /// (CVE-2016-10555). One row keeps the algorithm and has a signature of zeros (CVE-2022-21449).
    #[must_use]
    pub fn of_algorithms(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        let claims = encode(&self.claims);
        let signature = self.token.rsplit('.').next().unwrap_or_default();
        for alg in [
            "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS384",
            "PS256", "ES256", "ES384", "ES512", "EdDSA", "es256", "rs256",
        ] {
            if self.header["alg"] == alg {
                continue;
            }
            let mut header = self.header.clone();
            header["alg"] = json!(alg);
            let message = format!("{}.{claims}", encode(&header));
            let mut tokens = vec![
                message.clone(),
                format!("{message}."),
                format!("{message}.{signature}"),
                (self.sign)(&header, &self.claims.to_string()),
            ];
            tokens.extend(
                self.secrets
                    .iter()
                    .map(|secret| with_mac(alg, secret, &message)),
            );
            for token in tokens {
                rows.add(format!("the algorithm {alg:?}"), token, None);
            }
        }
        let message = self
            .token
            .rsplit_once('.')
            .map_or("", |(message, _)| message);
        let zeros = "A".repeat(signature.len());
        rows.add("a signature of zeros", format!("{message}.{zeros}"), None);
        rows.0
    }

    /// Returns tokens whose key id is missing or names no key of the issuer. Most also point at keys of the forger.
    #[must_use]
    pub fn of_keys(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        for kid in [
            "mine",
            "../../etc/passwd",
            "/dev/null",
            "/proc/self/environ",
            "http://127.0.0.1:9/",
            "r1' OR '1'='1",
            "r1\u{0}",
            "",
            "R1",
        ] {
            let token = self.with_header(|header| {
                header["kid"] = json!(kid);
                header["jku"] = json!("http://127.0.0.1:9/jwks.json");
                header["x5u"] = json!("http://127.0.0.1:9/cert.pem");
            });
            rows.add(
                format!("the key {kid:?}"),
                token,
                Some(Rejection::UnknownKey),
            );
        }
        let without =
            self.with_header(|header| drop(header.as_object_mut().map(|all| all.remove("kid"))));
        rows.add("no key", without, Some(Rejection::Malformed));
        rows.0
    }

    /// Returns tokens of other types, and one that marks a header member as critical.
    #[must_use]
    pub fn of_types(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        for typ in [
            "JWT",
            "at+jwt",
            "phone-verified",
            "phone-verified+jwt",
            "PHONE-VERIFIED+JWT",
            "application/phone-verified+jwt",
            "",
        ] {
            if self.header["typ"] != typ {
                let token = self.with_header(|header| header["typ"] = json!(typ));
                rows.add(
                    format!("the type {typ:?}"),
                    token,
                    Some(Rejection::Malformed),
                );
            }
        }
        let critical = self.with_header(|header| header["crit"] = json!(["exp"]));
        rows.add(
            "an unknown critical member",
            critical,
            Some(Rejection::Malformed),
        );
        rows.0
    }

    /// Returns tokens whose times are missing, of the wrong type, in the future or over.
    #[must_use]
    pub fn of_times(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        let exp = self.claims["exp"].as_u64().expect("seconds");
        let odd = [
            json!(exp.to_string()),
            json!("never"),
            json!("99999999999"),
            json!(null),
            json!(true),
            json!(-1),
            json!([exp]),
            json!({ "at": exp }),
            json!(1e300),
        ];
        for name in ["exp", "nbf", "iat"] {
            for value in &odd {
                let token = self.with_claims(|claims| claims[name] = value.clone());
                rows.add(
                    format!("{name} is {value}"),
                    token,
                    Some(Rejection::Malformed),
                );
            }
            rows.add(
                format!("no {name}"),
                self.without_claim(name),
                Some(Rejection::Malformed),
            );
        }
        let future = self.with_claims(|claims| claims["nbf"] = json!(exp + 3_600));
        rows.add("nbf is in the future", future, Some(Rejection::NotYetValid));
        for past in [0, 1] {
            let token = self.with_claims(|claims| claims["exp"] = json!(past));
            rows.add("exp is long ago", token, Some(Rejection::Expired));
        }
        rows.0
    }

    /// Returns tokens with another claim that is missing, of the wrong type, of the wrong value or there twice.
    #[must_use]
    pub fn of_claims(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        for name in self.required {
            rows.add(
                format!("no {name}"),
                self.without_claim(name),
                Some(Rejection::Malformed),
            );
            for value in [json!(7), json!(null), json!({})] {
                let token = self.with_claims(|claims| claims[*name] = value.clone());
                rows.add(
                    format!("{name} is {value}"),
                    token,
                    Some(Rejection::Malformed),
                );
            }
        }
        let many = self.with_claims(|claims| claims["aud"] = json!([claims["aud"], "other"]));
        rows.add("two audiences", many, Some(Rejection::Malformed));
        let other = self.with_claims(|claims| claims["aud"] = json!("other"));
        rows.add("another audience", other, Some(Rejection::WrongAudience));
        let other = self.with_claims(|claims| claims["iss"] = json!("https://evil.example.com"));
        rows.add("another issuer", other, Some(Rejection::WrongIssuer));
        let claims = self.claims.to_string();
        for name in ["aud", "exp", self.required[0]] {
            let value = &self.claims[name];
            let twice = claims.replacen('{', &format!("{{\"{name}\":{value},"), 1);
            rows.add(
                format!("{name} twice"),
                (self.sign)(&self.header, &twice),
                None,
            );
        }
        rows.0
    }

    /// Returns a correctly signed token in shapes and encodings that no verifier may accept.
    #[must_use]
    pub fn of_shapes(&self) -> Vec<Forgery> {
        let mut rows = Rows::default();
        let good = self.sign_again();
        let (head, signature) = good.rsplit_once('.').expect("three parts");
        for token in [
            ".".to_owned(),
            "..".to_owned(),
            head.to_owned(),
            format!("{head}."),
            format!("{good}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            good.replace('_', "/").replace('-', "+") + "+",
            json!({ "protected": head, "signature": signature }).to_string(),
            "e30.".repeat(700),
        ] {
            rows.add("another shape", token, None);
        }
        rows.0
    }
}

/// Returns a public JWK in the forms that a faulty verifier might take for an HMAC secret.
///
/// The forms are the JWK itself, its numbers and both coordinates in a row.
#[must_use]
pub fn jwk_forms(key: &Value) -> Vec<Vec<u8>> {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let numbers = ["x", "y", "n"].map(text);
    let mut forms = vec![key.to_string(), text("x") + &text("y")];
    forms.extend(numbers);
    forms.retain(|form| !form.is_empty());
    forms.into_iter().map(String::into_bytes).collect()
}
