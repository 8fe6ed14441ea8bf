//! The settings, which come from environment variables. Each field's documentation names its variable.

use phoneproof_aws::clients::AwsSettings;
use phoneproof_config::{
    ConfigError, Environment, LOCAL_STACK, ProxySettings, check_issuer, read_aws, read_proxy,
};
use phoneproof_guard::Https;

/// The settings of one process.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// `ACCOUNT_ISSUER`: the public URL of this service, the issuer and audience of access tokens.
    pub issuer: String,
    /// `ISSUER`: the URL of the verification service whose success tokens are accepted.
    pub verifier: String,
    /// Where the keys of `verifier` are fetched; below its URL if `None`. A local stack's public URL may lead to it
    /// only for others, such as through a tunnel. No variable sets this.
    pub jwks_url: Option<String>,
    /// `ACCOUNTS_TABLE`: the table of accounts, and of which account has which phone.
    pub accounts_table: String,
    /// `ACCOUNT_LIMITS_TABLE`: the table of attempts, counters and spent tokens. Every item in it expires.
    pub limits_table: String,
    /// `ACCOUNT_KEYRING_SECRET_ID`: the name or ARN of the secret that holds this service's own keyring.
    pub keyring_secret_id: String,
    /// `ACCEPT_TEST_NUMBERS`: `true` accepts success tokens of test numbers, to which no text is sent.
    pub accepts_test_numbers: bool,
    /// `STACK_NAME`: the dimension `stack` of every metric; `local` if it is not set.
    pub stack_name: String,
    /// The proxy that is trusted to name the address of a client; `None` trusts none.
    pub proxy: Option<ProxySettings>,
    /// The region, the credentials and the endpoints of AWS.
    pub aws: AwsSettings,
}

impl AccountSettings {
    /// Reads the settings from `environment`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the variable and what is accepted.
    pub fn from_environment(environment: &dyn Environment) -> Result<Self, ConfigError> {
        let required = |name| environment.get(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            issuer: check_issuer("ACCOUNT_ISSUER", required("ACCOUNT_ISSUER")?)?,
            verifier: check_transport(check_issuer("ISSUER", required("ISSUER")?)?)?,
            jwks_url: None,
            accounts_table: required("ACCOUNTS_TABLE")?,
            limits_table: required("ACCOUNT_LIMITS_TABLE")?,
            keyring_secret_id: required("ACCOUNT_KEYRING_SECRET_ID")?,
            accepts_test_numbers: match environment.get("ACCEPT_TEST_NUMBERS").as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => {
                    return Err(ConfigError::Invalid {
                        variable: "ACCEPT_TEST_NUMBERS",
                        accepted: "`true` or `false` is needed",
                    });
                }
            },
            stack_name: environment
                .get("STACK_NAME")
                .unwrap_or_else(|| LOCAL_STACK.to_owned()),
            proxy: read_proxy(environment)?,
            aws: read_aws(environment)?,
        })
    }
}

/// Refuses a `url` whose keys would come over a network where others can change them.
fn check_transport(url: String) -> Result<String, ConfigError> {
    if Https::reaches(&url) {
        Ok(url)
    } else {
        Err(ConfigError::Invalid {
            variable: "ISSUER",
            accepted: "an https URL is needed, or http on this machine",
        })
    }
}
