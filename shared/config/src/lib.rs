//! Reads what an operator sets: the environment of a process, and the policy file.
//!
//! [`Settings`] come from environment variables, which the documentation of each field names. The [`policy`] decides
//! everything else.

mod issuer;
mod origin;
pub mod policy;
pub mod process;
mod proxy;

use phoneproof_aws::clients::{AwsSettings, CaBundle, Credentials};
use phoneproof_aws::store::Tables;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::policy::PolicyFaults;
use thiserror::Error;

pub use self::issuer::check_issuer;
pub use self::proxy::{ProxySettings, read_proxy};

/// The policy that is compiled in. It counts when `POLICY_PATH` is not set.
pub const DEFAULT_POLICY: &str = include_str!("../../../infra/policy/policy.toml");

/// The name of the stack when `STACK_NAME` is not set.
pub const LOCAL_STACK: &str = "local";

/// The settings of one process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `ISSUER`: the public URL of the service, which every token holds. It never comes from a request.
    pub issuer: String,
    /// `TOKEN_MODE`: `sealed` (default) or `stored`.
    pub token_mode: TokenMode,
    /// `LIMITS_TABLE`, `CHALLENGES_TABLE` and `BLOCKS_TABLE`: the names of the tables.
    pub tables: Tables,
    /// `KEYRING_SECRET_ID`: the name or ARN of the keyring in Secrets Manager.
    pub keyring_secret_id: String,
    /// `ALLOWED_ORIGINS`: the web origins that may call from a browser or a web view, separated by commas. They are
    /// written as browsers write them.
    pub allowed_origins: Vec<String>,
    /// The proxy that is trusted to name the address of a client; `None` trusts none.
    pub proxy: Option<ProxySettings>,
    /// `RECEIPTS`: `true` if receipts of delivery are taken, so texts carry what a receipt brings back; `false`
    /// (default).
    pub receipts: bool,
    /// `STACK_NAME`: the `stack` of every metric; [`LOCAL_STACK`] if it is not set.
    pub stack_name: String,
    /// `TRACING`: `off` (default) or `xray`. This is the address of the X-Ray daemon, from `AWS_XRAY_DAEMON_ADDRESS`;
    /// `None` when tracing is off.
    pub xray_daemon: Option<String>,
    /// The region, credentials and endpoints of AWS. [`read_aws`] names their variables.
    pub aws: AwsSettings,
}

/// What is wrong with the environment or the policy file. The text is one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A variable that must be set is missing or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable has a value that is not accepted.
    #[error("{variable}: {accepted}")]
    Invalid {
        /// The name of the variable.
        variable: &'static str,
        /// The values that are accepted.
        accepted: &'static str,
    },
    /// The policy file at this path cannot be read. The second value says why.
    #[error("POLICY_PATH: {0} cannot be read: {1}")]
    PolicyUnreadable(String, String),
    /// The file of certificate authorities cannot be used. The value says why.
    #[error("AWS_CA_BUNDLE: a file with certificates in PEM is needed: {0}")]
    CaBundleUnusable(String),
    /// The policy file has faults.
    #[error(transparent)]
    Policy(#[from] PolicyFaults),
}

/// The variables of the environment, looked up by name.
pub trait Environment {
    /// Returns the value of `name`; `None` when it is not set or empty.
    fn get(&self, name: &str) -> Option<String>;
}

impl Settings {
    /// Reads the settings from `environment`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the variable and what is accepted.
    pub fn from_environment(environment: &dyn Environment) -> Result<Self, ConfigError> {
        let required = |name| environment.get(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            issuer: check_issuer("ISSUER", required("ISSUER")?)?,
            token_mode: read_token_mode(environment.get("TOKEN_MODE").as_deref())?,
            tables: Tables {
                limits: required("LIMITS_TABLE")?,
                challenges: required("CHALLENGES_TABLE")?,
                blocks: required("BLOCKS_TABLE")?,
            },
            keyring_secret_id: required("KEYRING_SECRET_ID")?,
            allowed_origins: read_origins(environment.get("ALLOWED_ORIGINS").as_deref())?,
            proxy: read_proxy(environment)?,
            receipts: read_receipts(environment.get("RECEIPTS").as_deref())?,
            stack_name: environment
                .get("STACK_NAME")
                .unwrap_or_else(|| LOCAL_STACK.to_owned()),
            xray_daemon: read_xray_daemon(environment)?,
            aws: read_aws(environment)?,
        })
    }
}

fn read_token_mode(text: Option<&str>) -> Result<TokenMode, ConfigError> {
    let accepted = "`sealed` or `stored` is needed";
    text.map_or(Some(TokenMode::default()), TokenMode::parse)
        .ok_or(ConfigError::Invalid {
            variable: "TOKEN_MODE",
            accepted,
        })
}

fn read_receipts(text: Option<&str>) -> Result<bool, ConfigError> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ConfigError::Invalid {
            variable: "RECEIPTS",
            accepted: "`true` or `false` is needed",
        }),
    }
}

fn read_xray_daemon(environment: &dyn Environment) -> Result<Option<String>, ConfigError> {
    match environment.get("TRACING").as_deref() {
        None | Some("off") => Ok(None),
        Some("xray") => Ok(environment.get("AWS_XRAY_DAEMON_ADDRESS")),
        Some(_) => Err(ConfigError::Invalid {
            variable: "TRACING",
            accepted: "`off` or `xray` is needed",
        }),
    }
}

/// Accepts `text`, the value of `variable`, as one web origin.
///
/// # Errors
///
/// [`ConfigError::Invalid`] when it is not an origin.
pub fn check_origin(variable: &'static str, text: &str) -> Result<String, ConfigError> {
    origin::parse(text).ok_or(ConfigError::Invalid {
        variable,
        accepted: origin::ACCEPTED_ONE,
    })
}

fn read_origins(text: Option<&str>) -> Result<Vec<String>, ConfigError> {
    let listed = text.unwrap_or_default().split(',').map(str::trim);
    let origins = listed.filter(|o| !o.is_empty()).map(origin::parse);
    origins.collect::<Option<_>>().ok_or(ConfigError::Invalid {
        variable: "ALLOWED_ORIGINS",
        accepted: origin::ACCEPTED,
    })
}

/// Reads the region, the credentials and the endpoints from the variables that Lambda sets and the AWS SDKs know.
///
/// They are `AWS_REGION`, `SNS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_ENDPOINT_URL` with its variants `_DYNAMODB`, `_SNS`, `_PINPOINT_SMS_VOICE_V2` and `_SECRETS_MANAGER`, and
/// `AWS_CA_BUNDLE`.
///
/// # Errors
///
/// [`ConfigError`] names the variable that is missing or not accepted.
pub fn read_aws(environment: &dyn Environment) -> Result<AwsSettings, ConfigError> {
    let required = |name| environment.get(name).ok_or(ConfigError::Missing(name));
    let endpoint = |name| {
        environment
            .get(name)
            .or_else(|| environment.get("AWS_ENDPOINT_URL"))
    };
    Ok(AwsSettings {
        region: required("AWS_REGION")?,
        sns_region: read_sns_region(environment)?,
        credentials: Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            environment.get("AWS_SESSION_TOKEN"),
            None,
            "environment",
        ),
        dynamodb_endpoint: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
        sns_endpoint: endpoint("AWS_ENDPOINT_URL_SNS"),
        sms_voice_endpoint: endpoint("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2"),
        secrets_endpoint: endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        ca_bundle: environment
            .get("AWS_CA_BUNDLE")
            .map(read_ca_bundle)
            .transpose()?,
    })
}

/// Reads the region of SNS. It becomes a part of a host name, so only the form of a region is accepted.
fn read_sns_region(environment: &dyn Environment) -> Result<Option<String>, ConfigError> {
    let Some(region) = environment.get("SNS_REGION") else {
        return Ok(None);
    };
    let is_region = region.contains('-')
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    is_region
        .then_some(Some(region))
        .ok_or(ConfigError::Invalid {
            variable: "SNS_REGION",
            accepted: "a region of AWS such as us-east-1 is needed",
        })
}

fn read_ca_bundle(path: String) -> Result<CaBundle, ConfigError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| ConfigError::CaBundleUnusable(error.to_string()))?;
    CaBundle::parse(text).map_err(|error| ConfigError::CaBundleUnusable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::tests_support::Given;

    fn complete() -> HashMap<&'static str, &'static str> {
        HashMap::from([
            ("ISSUER", "https://verify.example.com"),
            ("LIMITS_TABLE", "Limits"),
            ("CHALLENGES_TABLE", "Challenges"),
            ("BLOCKS_TABLE", "Blocks"),
            ("KEYRING_SECRET_ID", "phoneproof"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "canary"),
        ])
    }

    /// Reads the complete environment after `change`, and returns the error.
    fn read_with(change: impl FnOnce(&mut HashMap<&'static str, &'static str>)) -> String {
        let mut variables = complete();
        change(&mut variables);
        let result = Settings::from_environment(&Given(variables));
        result.err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn names_each_missing_variable() {
        for name in complete().into_keys() {
            assert_eq!(
                read_with(|v| _ = v.remove(name)),
                format!("{name} is not set")
            );
        }
    }

    #[test]
    fn names_each_bad_variable_with_what_is_accepted() {
        for (name, value) in [
            ("ISSUER", "verify.example.com"),
            ("ISSUER", "https://verify.example.com/"),
            ("TOKEN_MODE", "both"),
            ("TRACING", "on"),
            ("RECEIPTS", "yes"),
            ("SNS_REGION", "us_east_1"),
            ("SNS_REGION", "US-EAST-1"),
            ("SNS_REGION", "us-east-1.example.com"),
            ("SNS_REGION", "useast1"),
            ("AWS_CA_BUNDLE", "/dev/null"),
            ("AWS_CA_BUNDLE", "no-such-file"),
            ("ALLOWED_ORIGINS", "*"),
            ("ALLOWED_ORIGINS", "https://a.example.com/path"),
            ("ALLOWED_ORIGINS", "https://a.example.com, null"),
        ] {
            let message = read_with(|v| _ = v.insert(name, value));
            assert!(
                message.starts_with(name) && message.contains("needed"),
                "{value}: {message}"
            );
        }
    }

    #[test]
    fn says_why_a_file_is_not_used() {
        for (path, reason) in [
            ("/dev/null", "it holds no certificate"),
            ("no-such-file", "No such file or directory"),
        ] {
            let message = read_with(|v| _ = v.insert("AWS_CA_BUNDLE", path));
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let mut variables = complete();
        let listed = "https://App.Example.com:443/, capacitor://localhost,";
        variables.insert("ALLOWED_ORIGINS", listed);
        let settings = Settings::from_environment(&Given(variables)).expect("accepted");
        let origins = ["https://app.example.com", "capacitor://localhost"];
        assert_eq!(settings.allowed_origins, origins);
    }

    #[test]
    fn debug_hides_the_credentials() {
        let settings = Settings::from_environment(&Given(complete())).expect("complete");
        assert!(!format!("{settings:?}").contains("canary"));
    }
}

/// Test doubles that the modules of this crate share.
#[cfg(test)]
pub(crate) mod tests_support {
    use std::collections::HashMap;

    use super::Environment;

    /// An environment that holds these variables.
    pub(crate) struct Given(pub(crate) HashMap<&'static str, &'static str>);

    impl Environment for Given {
        fn get(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|v| (*v).to_owned())
        }
    }
}
