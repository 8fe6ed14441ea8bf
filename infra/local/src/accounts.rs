//! The account service of a local stack: its tables and its function.

use std::io;
use std::sync::Arc;

use phoneproof_account::App;
use phoneproof_account::config::AccountSettings;
use phoneproof_account::service::Accounts;
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_config::Settings;
use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::random::Random;
use phoneproof_observe::{Journal, Output, RequestContext};

use crate::aws::ACCOUNT_SECRET_ID;

/// The names of the account service's tables.
#[derive(Debug, Clone)]
pub struct AccountTables {
    /// `ACCOUNTS_TABLE`: accounts, and which account has which phone.
    pub accounts: String,
    /// `ACCOUNT_LIMITS_TABLE`: attempts, counters and spent tokens.
    pub limits: String,
}

/// The names of the account service's tables, unless [`Options::account_tables`] gives others.
///
/// [`Options::account_tables`]: crate::stack::Options::account_tables
#[must_use]
pub fn account_tables() -> AccountTables {
    AccountTables {
        accounts: "Accounts".to_owned(),
        limits: "AccountLimits".to_owned(),
    }
}

/// Builds the settings of an account service that accepts the success tokens of the service with the settings
/// `verification`, whose keys it fetches from `verifier_url`.
pub(crate) fn build_settings(
    verification: &Settings,
    verifier_url: &str,
    tables: &AccountTables,
    accepts_test_numbers: bool,
) -> AccountSettings {
    AccountSettings {
        issuer: format!("{}/account", verification.issuer),
        verifier: verification.issuer.clone(),
        jwks_url: Some(format!("{verifier_url}/.well-known/jwks.json")),
        accounts_table: tables.accounts.clone(),
        limits_table: tables.limits.clone(),
        keyring_secret_id: ACCOUNT_SECRET_ID.to_owned(),
        accepts_test_numbers,
        stack_name: verification.stack_name.clone(),
        proxy: verification.proxy.clone(),
        aws: verification.aws.clone(),
    }
}

/// Starts the account service. It knows the verification service as any relying party does: by its URL, and by the keys
/// that it fetches.
pub(crate) async fn start(
    settings: AccountSettings,
    allowed_origins: Vec<String>,
    output: Output,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> io::Result<App> {
    let proxy = settings.proxy.clone().map(phoneproof_api::trust_proxy);
    let accounts = Accounts::new(&settings, Arc::new(SystemClock)).map_err(io::Error::other)?;
    let mut request = RequestContext::new(clock.now(), READ_WITHIN, Arc::clone(&random));
    accounts
        .warm_up(&mut request)
        .await
        .map_err(io::Error::other)?;
    let prefix = phoneproof_account::PREFIX.trim_end_matches('/');
    let base_path = phoneproof_http::base_path(&settings.issuer, prefix);
    Ok(App {
        service: accounts,
        clock,
        random,
        allowed_origins,
        journal: Journal::new(settings.stack_name, None, output),
        tracer: None,
        base_path,
        proxy,
    })
}
