//! Where the stack is, and the clients to reach it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_cloudformation::types::Stack;
use phoneproof_aws::clients::error_code;
use phoneproof_aws::store::Tables;
use phoneproof_aws::store::{CallFailed, Store};
use phoneproof_config::process::ProcessEnvironment;
use phoneproof_config::process::SystemClock;
use phoneproof_config::{DEFAULT_POLICY, Environment as _};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::phone::Destination;
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::policy::Policy;
use zeroize::Zeroizing;

use crate::cli::Common;
use crate::output::{Exit, Failure};

/// How long a call may take; operators wait longer than users.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The parts of a stack that commands work on.
pub(crate) struct Place {
    pub(crate) tables: Tables,
    pub(crate) keyring_secret: String,
    pub(crate) log_groups: Vec<String>,
}

/// A keyring, of either kind of stack.
pub(crate) struct KeyringPlace {
    pub(crate) secret: String,
    /// Whether it is an account stack's: what is made with its roots lasts for months.
    pub(crate) keeps_passwords: bool,
}

/// The outputs of a stack, or their names as variables.
type Outputs = BTreeMap<String, String>;

/// Everything that commands need.
pub(crate) struct Operator {
    pub(crate) aws: SdkConfig,
    clock: SystemClock,
    policy: Option<std::path::PathBuf>,
    stack_name: Option<String>,
}

impl Operator {
    /// Finds credentials and region where the AWS command line finds them.
    pub(crate) async fn new(common: &Common) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(
            aws_config::timeout::TimeoutConfig::builder()
                .operation_timeout(CALL_TIMEOUT)
                .build(),
        );
        if let Some(profile) = &common.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &common.region {
            loader = loader.region(Region::new(region.clone()));
        }
        Self {
            aws: loader.load().await,
            clock: SystemClock,
            policy: common.policy.clone(),
            stack_name: common.stack_name.clone(),
        }
    }

    /// The current instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The policy that `--policy` names, else the one compiled in.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let text = match &self.policy {
            None => DEFAULT_POLICY.to_owned(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("--policy {}: {error}", path.display())))?,
        };
        phoneproof_config::policy::from_toml(&text)
            .map_err(|faults| Failure::new(Exit::Failed, faults.to_string(), "see `policy check`"))
    }

    /// Where the stack is.
    pub(crate) async fn place(&self) -> Result<Place, Failure> {
        self.check_access().await?;
        match &self.stack_name {
            Some(name) => deployed(name, &self.outputs(name).await?),
            None => local(),
        }
    }

    /// Where the keyring is: of a verification stack, or of an account stack.
    pub(crate) async fn keyring_place(&self) -> Result<KeyringPlace, Failure> {
        self.check_access().await?;
        let Some(name) = &self.stack_name else {
            return local_keyring();
        };
        let outputs = self.outputs(name).await?;
        Ok(KeyringPlace {
            secret: output(name, &outputs, "KeyringSecret")?,
            keeps_passwords: outputs.contains_key("AccountsTable"),
        })
    }

    async fn check_access(&self) -> Result<(), Failure> {
        if self.aws.region().is_none() {
            let advice = "give --region, or set AWS_REGION or a profile with a region";
            return Err(Failure::new(Exit::Usage, "no AWS region", advice));
        }
        let found = match self.aws.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        };
        let advice =
            "sign in, as with `aws configure` or `aws sso login`; any will do for a local stack";
        found
            .then_some(())
            .ok_or_else(|| Failure::new(Exit::Failed, "no AWS credentials", advice))
    }

    async fn outputs(&self, name: &str) -> Result<Outputs, Failure> {
        let client = aws_sdk_cloudformation::Client::new(&self.aws);
        let answer = client.describe_stacks().stack_name(name).send().await;
        let answer = answer.map_err(|error| match error_code(&error).as_str() {
            // CloudFormation's answer to a name it does not know.
            "ValidationError" => {
                let advice = "is this the right account and region?";
                Failure::new(Exit::Failed, format!("there is no stack `{name}`"), advice)
            }
            code => Failure::call("DescribeStacks", code),
        })?;
        let outputs = answer.stacks().iter().flat_map(Stack::outputs);
        Ok(outputs
            .filter_map(|output| {
                Some((
                    output.output_key()?.to_owned(),
                    output.output_value()?.to_owned(),
                ))
            })
            .collect())
    }

    /// The tables of `place`.
    pub(crate) fn store(&self, place: &Place) -> Store {
        Store::new(
            aws_sdk_dynamodb::Client::new(&self.aws),
            place.tables.clone(),
        )
    }

    /// The text of the keyring secret.
    pub(crate) async fn keyring_text(&self, secret: &str) -> Result<Zeroizing<String>, Failure> {
        let client = aws_sdk_secretsmanager::Client::new(&self.aws);
        let request = client.get_secret_value().secret_id(secret);
        let answer = request.send().await;
        let answer = answer.map_err(|e| Failure::call("GetSecretValue", &error_code(&e)))?;
        Ok(Zeroizing::new(answer.secret_string.unwrap_or_default()))
    }

    /// The keyring.
    pub(crate) async fn keyring(&self, place: &Place) -> Result<Keyring, Failure> {
        let text = self.keyring_text(&place.keyring_secret).await?;
        Keyring::from_json(&text).map_err(|error| {
            Failure::new(
                Exit::Failed,
                error.to_string(),
                "see infra/RUNBOOK.md, Keys",
            )
        })
    }
}

fn output(stack: &str, outputs: &Outputs, key: &str) -> Result<String, Failure> {
    let message = format!("the stack `{stack}` has no output `{key}`");
    let found = outputs.get(key).cloned();
    found.ok_or_else(|| Failure::new(Exit::Failed, message, "is it a PhoneProof stack?"))
}

fn deployed(name: &str, outputs: &Outputs) -> Result<Place, Failure> {
    let output = |key| output(name, outputs, key);
    Ok(Place {
        tables: Tables {
            limits: output("LimitsTable")?,
            challenges: output("ChallengesTable")?,
            blocks: output("BlocksTable")?,
        },
        keyring_secret: output("KeyringSecret")?,
        log_groups: vec![output("SendLogGroup")?, output("VerifyLogGroup")?],
    })
}

/// One of the variables that `cargo run` prints.
fn variable(name: &str) -> Result<String, Failure> {
    ProcessEnvironment.get(name).ok_or_else(|| {
        let advice = "give --stack-name, or set the variables that `cargo run` prints";
        Failure::new(
            Exit::Usage,
            format!("which stack? {name} is not set"),
            advice,
        )
    })
}

fn local() -> Result<Place, Failure> {
    Ok(Place {
        tables: Tables {
            limits: variable("LIMITS_TABLE")?,
            challenges: variable("CHALLENGES_TABLE")?,
            blocks: variable("BLOCKS_TABLE")?,
        },
        keyring_secret: variable("KEYRING_SECRET_ID")?,
        log_groups: ProcessEnvironment.get("LOG_GROUP").into_iter().collect(),
    })
}

/// The verification service's keyring; the account service's where only that is named.
fn local_keyring() -> Result<KeyringPlace, Failure> {
    let accounts = ProcessEnvironment.get("ACCOUNT_KEYRING_SECRET_ID");
    match (variable("KEYRING_SECRET_ID"), accounts) {
        (Err(_), Some(secret)) => Ok(KeyringPlace {
            secret,
            keeps_passwords: true,
        }),
        (secret, _) => Ok(KeyringPlace {
            secret: secret?,
            keeps_passwords: false,
        }),
    }
}

impl From<CallFailed> for Failure {
    fn from(failed: CallFailed) -> Self {
        Self::call(failed.operation, &failed.code)
    }
}

/// A phone as operators type it.
pub(crate) fn phone(text: &str) -> Result<Destination, Failure> {
    PhoneParser::new().parse(text, None).map_err(|error| {
        Failure::usage(format!(
            "phone: a number in E.164 such as +14155550100 is needed: {error}"
        ))
    })
}
