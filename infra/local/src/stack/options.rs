//! How a stack is set up.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use phoneproof_aws::clients::Credentials;
use phoneproof_aws::store::Tables;
use phoneproof_config::ProxySettings;
use phoneproof_config::process::{SystemClock, SystemRandom};
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::Random;
use phoneproof_observe::Output;

use crate::accounts::{AccountTables, account_tables};
use crate::aws::{Log, SECRET_ID};
use crate::gateway;
use crate::sms_account::SmsAccount;

/// How a stack is set up.
#[derive(Clone, derive_more::Debug)]
#[debug("Options {{ port: {port:?}, .. }}")]
pub struct Options {
    /// The port of the API and the pages; 0 for any free one. DynamoDB takes the next port, and SNS, Secrets Manager
    /// and CloudWatch Logs share the one after. With 0 they take any free ones too.
    pub port: u16,
    /// The public URL, which is the issuer of all tokens. `None` takes the URL that the API listens on. Stacks that
    /// share an issuer and backends are instances of one service.
    pub issuer: Option<String>,
    /// Where the account service finds the verification service, to fetch its keys. `None` takes the URL that the API
    /// listens on.
    pub verifier_url: Option<String>,
    /// The policy of the verification service.
    pub policy: Policy,
    /// The file of the policy, which operators read at [`POLICY_PATH`](crate::aws::POLICY_PATH); `None` serves none.
    pub policy_file: Option<String>,
    /// The file of the tables. The keyrings are kept beside it. `None` keeps both in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB to use in place of the embedded one. It must hold `tables` and `account_tables`.
    pub dynamodb: Option<ExternalDynamoDb>,
    /// The names of the verification service's tables.
    pub tables: Tables,
    /// The names of the account service's tables.
    pub account_tables: AccountTables,
    /// Where challenge tokens live: sealed at the client, or stored in a table.
    pub token_mode: TokenMode,
    /// Web origins that may call the API from a browser.
    pub allowed_origins: Vec<String>,
    /// The proxy that both services trust to name the address of a client.
    pub proxy: Option<ProxySettings>,
    /// The clock of both services and of the loopback backends.
    pub clock: Arc<dyn Clock>,
    /// The random source of both services, and of new keyrings.
    pub random: Arc<dyn Random>,
    /// The verification service's keyring, as the JSON of its secret. `None` reads the one beside `data`, or makes one.
    pub keyring: Option<String>,
    /// What the AWS account says about its texts when operators ask.
    pub account: SmsAccount,
    /// Whether the account service accepts success tokens of test numbers.
    pub accept_test_numbers: bool,
    /// Whether texts carry what a receipt of delivery brings back.
    pub receipts: bool,
    /// The lines that CloudWatch Logs answers with. Request lines go there by themselves. A program whose events are to
    /// be there, too, writes them to a clone.
    pub log: Log,
    /// Takes the request lines; standard error by default.
    pub journal_output: Output,
    /// Whether [`gateway::TEST_SOURCE_IP`] replaces the peer address.
    pub trust_test_header: bool,
    /// How long a function may run. The gateway gives each request the deadline that follows, as Lambda does.
    pub function_timeout: Duration,
}

impl Options {
    /// The defaults of `cargo run`, on any free port.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            port: 0,
            issuer: None,
            verifier_url: None,
            policy,
            policy_file: None,
            data: None,
            dynamodb: None,
            tables: tables(),
            account_tables: account_tables(),
            token_mode: TokenMode::default(),
            allowed_origins: Vec::new(),
            proxy: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            keyring: None,
            account: SmsAccount::default(),
            accept_test_numbers: true,
            receipts: false,
            log: Log::default(),
            journal_output: Arc::new(|line| drop(io::stderr().lock().write_all(line))),
            trust_test_header: false,
            function_timeout: gateway::FUNCTION_TIMEOUT,
        }
    }

    /// The names of all tables, of both services.
    pub(super) fn table_names(&self) -> [&str; 5] {
        [
            &self.tables.limits,
            &self.tables.challenges,
            &self.tables.blocks,
            &self.account_tables.accounts,
            &self.account_tables.limits,
        ]
    }
}

/// A DynamoDB that is used in place of the embedded one.
#[derive(Debug, Clone)]
pub struct ExternalDynamoDb {
    /// The URL of its API.
    pub endpoint: String,
    /// The region that calls are signed for.
    pub region: String,
    /// The credentials that calls are signed with.
    pub credentials: Credentials,
}

/// The names of the verification service's tables, unless [`Options::tables`] gives others.
#[must_use]
pub fn tables() -> Tables {
    Tables {
        limits: "Limits".to_owned(),
        challenges: "Challenges".to_owned(),
        blocks: "Blocks".to_owned(),
    }
}

/// Lists the variables that `template.yaml` gives to the functions of the verification service.
#[must_use]
pub fn list_service_variables<'a>(
    issuer: &'a str,
    tables: &'a Tables,
) -> [(&'static str, &'a str); 5] {
    [
        ("ISSUER", issuer),
        ("LIMITS_TABLE", &tables.limits),
        ("CHALLENGES_TABLE", &tables.challenges),
        ("BLOCKS_TABLE", &tables.blocks),
        ("KEYRING_SECRET_ID", SECRET_ID),
    ]
}
