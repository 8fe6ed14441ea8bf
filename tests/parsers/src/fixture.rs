//! The surroundings of the parsers: an app that makes no calls, fixed keys and a fixed time.

use std::sync::{Arc, LazyLock};

use phoneproof_api::App;
use phoneproof_aws::clients::{AwsSettings, Clients, Credentials};
use phoneproof_aws::store::Tables;
use phoneproof_config::{DEFAULT_POLICY, Settings};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::random::{Random, RandomUnavailable};
use phoneproof_observe::Journal;
use phoneproof_service::Service;

use crate::assert_silent;

pub(crate) const ISSUER: &str = "https://verify.example.com";
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);
/// The only web origin that the app allows.
pub(crate) const ORIGIN: &str = "https://app.example.com";
/// The secret of the root in [`KEYRING`].
pub(crate) const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

/// A keyring with the one root `r1`.
pub(crate) static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    let text = format!(r#"{{"current":"r1","r1":"{SECRET}"}}"#);
    Keyring::from_json(&text).expect("a keyring")
});

/// The functions' app. Nothing listens at its AWS endpoints.
pub(crate) static APP: LazyLock<App> = LazyLock::new(|| App {
    service: service(),
    clock: Arc::new(Still),
    random: Arc::new(Counting),
    allowed_origins: vec![ORIGIN.to_owned()],
    journal: Journal::new("test".to_owned(), None, Arc::new(check_line)),
    tracer: None,
    base_path: String::new(),
    proxy: None,
});

/// A clock that always shows [`NOW`].
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A random source that gives the bytes 1, 2, 3 and so on, each time.
pub(crate) struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        for (byte, value) in bytes.iter_mut().zip(1..) {
            *byte = value;
        }
        Ok(())
    }
}

fn service() -> Service {
    let nowhere = Some("http://127.0.0.1:9".to_owned());
    let settings = Settings {
        issuer: ISSUER.to_owned(),
        token_mode: TokenMode::Sealed,
        tables: Tables {
            limits: "Limits".to_owned(),
            challenges: "Challenges".to_owned(),
            blocks: "Blocks".to_owned(),
        },
        keyring_secret_id: "keyring".to_owned(),
        allowed_origins: vec![ORIGIN.to_owned()],
        receipts: false,
        stack_name: "test".to_owned(),
        xray_daemon: None,
        proxy: None,
        aws: AwsSettings {
            region: "us-east-1".to_owned(),
            sns_region: None,
            credentials: Credentials::new("id", "secret", None, None, "test"),
            dynamodb_endpoint: nowhere.clone(),
            sns_endpoint: nowhere.clone(),
            sms_voice_endpoint: nowhere.clone(),
            secrets_endpoint: nowhere,
            ca_bundle: None,
        },
    };
    let policy = phoneproof_config::policy::from_toml(DEFAULT_POLICY).expect("a policy");
    let clients = Clients::new(&settings.aws, Arc::new(Still)).expect("TLS");
    let parts = phoneproof_api::make_parts(&clients, &settings, policy, Arc::new(Still));
    Service::new(parts.expect("parts")).expect("a service")
}

/// Checks that a request line does not contain the canary.
fn check_line(line: &[u8]) {
    assert_silent(&String::from_utf8_lossy(line));
}
