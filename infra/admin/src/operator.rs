//! Finds the resources of a stack, and makes the clients that reach them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_pinpointsmsvoicev2 as sms_voice;
use phoneproof_aws::clients::error_code;
use phoneproof_aws::store::{BlockListError, CallFailed, Store, Tables};
use phoneproof_config::Environment as _;
use phoneproof_config::process::{ProcessEnvironment, SystemClock};
use phoneproof_crypto::keyring::{Keyring, KeyringOwner};
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::phone::{Destination, PhoneError};
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::policy::Policy;

use crate::cli::Common;
use crate::deployed;
use crate::output::{CommandError, Exit};
use crate::secret::Version;

/// How long a call of AWS may take. Operators can wait longer than the users of a function.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The resources of a verification stack that commands work on.
pub(crate) struct Resources {
    /// The names of its tables.
    pub(crate) tables: Tables,
    /// The name or ARN of its keyring secret.
    pub(crate) keyring_secret: String,
    /// The issuer of its tokens.
    pub(crate) issuer: String,
    /// The log groups of its functions; empty at a local stack without `LOG_GROUP`.
    pub(crate) log_groups: Vec<String>,
    /// The region of SNS, if it is not the stack's.
    pub(crate) sns_region: Option<String>,
    /// The id of the Notify configuration that its template made, or that `NOTIFY_CONFIGURATION_ID` names.
    pub(crate) notify_configuration_id: Option<String>,
    /// The topic of its alarms.
    pub(crate) alarm_topic: AlarmTopic,
    /// US dollars that the texts of a month may cost: the template's `MonthlySmsBudget`.
    pub(crate) monthly_budget: Option<f64>,
}

/// The topic that a stack's alarms are sent to.
pub(crate) enum AlarmTopic {
    /// The stack sends its alarms to nobody.
    None,
    /// Its ARN.
    Named(String),
    /// There is one, and the stack's template is too old to name it.
    Unnamed,
}

/// The keyring secret of a verification stack or of an account stack.
pub(crate) struct KeyringSecret {
    /// Its name or ARN.
    pub(crate) id: String,
    /// The service whose keyring it is.
    pub(crate) owner: KeyringOwner,
}

impl KeyringSecret {
    /// Whether the keyring has passwords to keep: its peppers are in use.
    pub(crate) fn keeps_passwords(&self) -> bool {
        self.owner == KeyringOwner::Account
    }

    /// Refuses a keyring that says that it is the other service's. `said` is what it says.
    pub(crate) fn check_owner(&self, said: Option<KeyringOwner>) -> Result<(), CommandError> {
        self.owner.check(said).map_err(|_| {
            let found = said.unwrap_or(self.owner);
            CommandError::new(
                Exit::Usage,
                format!(
                    "the secret `{}` holds the keyring of the {found} service, and that of the {} service is needed",
                    self.id, self.owner
                ),
                "KEYRING_SECRET_ID names the keyring of the verification service, ACCOUNT_KEYRING_SECRET_ID that of the \
                 account service; `keys --keyring` chooses between them",
            )
        })
    }
}

/// The outputs or the parameters of a CloudFormation stack, by key.
type Values = BTreeMap<String, String>;

/// What CloudFormation says about a stack.
struct Described {
    outputs: Values,
    parameters: Values,
}

/// What commands need of AWS, of the clock and of the command line.
pub(crate) struct Operator {
    pub(crate) aws: SdkConfig,
    clock: SystemClock,
    policy: Option<PathBuf>,
    stack_name: Option<String>,
}

impl Operator {
    /// Looks for credentials and region where the AWS command line looks for them.
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

    /// Whether `--stack-name` names the stack, and not the variables that `cargo run` prints.
    pub(crate) const fn names_stack(&self) -> bool {
        self.stack_name.is_some()
    }

    /// Returns the current time of this machine, in whole seconds.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the policy that `--policy` names, else the one that the stack runs with.
    pub(crate) async fn read_policy(&self) -> Result<Policy, CommandError> {
        let text = match &self.policy {
            None => self.read_deployed_policy().await?,
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                CommandError::usage(format!("--policy {}: {error}", path.display()))
            })?,
        };
        phoneproof_config::policy::from_toml(&text).map_err(|faults| {
            CommandError::new(Exit::Failed, faults.to_string(), "see `policy check`")
        })
    }

    /// Reads the policy file that the stack runs with: from the layer of its functions, or from a local stack.
    async fn read_deployed_policy(&self) -> Result<String, CommandError> {
        self.check_access().await?;
        if let Some(name) = &self.stack_name {
            let outputs = self.describe_stack(name).await?.outputs;
            let function = require_output(name, &outputs, "SendFunction")?;
            return deployed::read_layer(self, &function).await;
        }
        let url = ProcessEnvironment.get("POLICY_URL").ok_or_else(|| {
            CommandError::new(
                Exit::Usage,
                "the policy that the stack runs with is not known",
                "give its file with --policy, or --stack-name, or the variable POLICY_URL that `cargo run` prints",
            )
        })?;
        deployed::read_url(&url).await
    }

    /// Finds the resources of the stack: by the outputs of the stack that `--stack-name` names, else by the variables
    /// that `cargo run` prints.
    pub(crate) async fn find_resources(&self) -> Result<Resources, CommandError> {
        self.check_access().await?;
        match &self.stack_name {
            Some(name) => read_outputs(name, &self.describe_stack(name).await?),
            None => read_variables(),
        }
    }

    /// Finds the keyring of the stack, which is a verification stack or an account stack. `wanted` is what `--keyring`
    /// says.
    pub(crate) async fn find_keyring(
        &self,
        wanted: Option<KeyringOwner>,
    ) -> Result<KeyringSecret, CommandError> {
        self.check_access().await?;
        let Some(name) = &self.stack_name else {
            return read_keyring_variable(wanted);
        };
        let outputs = self.describe_stack(name).await?.outputs;
        let owner = if outputs.contains_key("AccountsTable") {
            KeyringOwner::Account
        } else {
            KeyringOwner::Verification
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != owner) {
            return Err(CommandError::new(
                Exit::Usage,
                format!("--keyring {wanted}: the stack `{name}` is the {owner} service's"),
                "each stack has one keyring: give the name of the other stack, or leave --keyring out",
            ));
        }
        Ok(KeyringSecret {
            id: require_output(name, &outputs, "KeyringSecret")?,
            owner,
        })
    }

    /// Checks that there are a region and credentials, so that their absence is reported in words.
    pub(crate) async fn check_access(&self) -> Result<(), CommandError> {
        if self.aws.region().is_none() {
            let advice = "give --region, or set AWS_REGION or a profile with a region";
            return Err(CommandError::new(
                Exit::Usage,
                "no AWS region is set",
                advice,
            ));
        }
        let has_credentials = match self.aws.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        };
        let advice = "sign in, as with `aws configure` or `aws sso login`; a local stack takes any credentials";
        has_credentials
            .then_some(())
            .ok_or_else(|| CommandError::new(Exit::Failed, "no AWS credentials were found", advice))
    }

    async fn describe_stack(&self, name: &str) -> Result<Described, CommandError> {
        let client = aws_sdk_cloudformation::Client::new(&self.aws);
        let answer = client.describe_stacks().stack_name(name).send().await;
        let answer = answer.map_err(|error| match error_code(&error).as_str() {
            // CloudFormation answers so to a name it does not know.
            "ValidationError" => {
                let advice = "is this the right account and region?";
                CommandError::new(Exit::Failed, format!("there is no stack `{name}`"), advice)
            }
            code => CommandError::call("DescribeStacks", code),
        })?;
        let outputs = answer.stacks().iter().flat_map(Stack::outputs);
        let outputs = outputs.map(|output| (output.output_key(), output.output_value()));
        let parameters = answer.stacks().iter().flat_map(Stack::parameters);
        let parameters =
            parameters.map(|parameter| (parameter.parameter_key(), parameter.parameter_value()));
        Ok(Described {
            outputs: collect(outputs),
            parameters: collect(parameters),
        })
    }

    /// Opens the tables of `resources`.
    pub(crate) fn open_store(&self, resources: &Resources) -> Store {
        Store::new(
            aws_sdk_dynamodb::Client::new(&self.aws),
            resources.tables.clone(),
        )
    }

    /// Makes a client of SNS in the region that `resources` texts from.
    pub(crate) fn sns(&self, resources: &Resources) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::from_conf(self.sns_config(resources).build())
    }

    /// Makes the settings of [`Operator::sns`], for a client that differs in something else.
    pub(crate) fn sns_config(&self, resources: &Resources) -> aws_sdk_sns::config::Builder {
        let config = aws_sdk_sns::config::Builder::from(&self.aws);
        match &resources.sns_region {
            Some(region) => config.region(Region::new(region.clone())),
            None => config,
        }
    }

    /// Makes the settings of the client of AWS End User Messaging, which sends texts from the region of SNS. The service does
    /// not retry either: a second try could text twice.
    pub(crate) fn sms_voice_config(&self, resources: &Resources) -> sms_voice::Config {
        let config =
            sms_voice::config::Builder::from(&self.aws).retry_config(RetryConfig::disabled());
        match &resources.sns_region {
            Some(region) => config.region(Region::new(region.clone())).build(),
            None => config.build(),
        }
    }

    /// Reads the keyring of `resources`.
    pub(crate) async fn read_keyring(
        &self,
        resources: &Resources,
    ) -> Result<Keyring, CommandError> {
        let secret = KeyringSecret {
            id: resources.keyring_secret.clone(),
            owner: KeyringOwner::Verification,
        };
        let version = Version::read_current(self, &secret.id).await?;
        let keyring = Keyring::from_json(&version.text).map_err(|error| {
            CommandError::new(
                Exit::Failed,
                error.to_string(),
                "see Keys in infra/RUNBOOK.md",
            )
        })?;
        secret.check_owner(keyring.owner())?;
        Ok(keyring)
    }
}

/// Collects the pairs that have both a key and a value.
fn collect<'v>(pairs: impl Iterator<Item = (Option<&'v str>, Option<&'v str>)>) -> Values {
    pairs
        .filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned())))
        .collect()
}

fn require_output(stack: &str, outputs: &Values, key: &str) -> Result<String, CommandError> {
    let message = format!("the stack `{stack}` has no output `{key}`");
    let found = outputs.get(key).cloned();
    found.ok_or_else(|| CommandError::new(Exit::Failed, message, "is it a PhoneProof stack?"))
}

fn read_outputs(name: &str, described: &Described) -> Result<Resources, CommandError> {
    let Described {
        outputs,
        parameters,
    } = described;
    let output = |key| require_output(name, outputs, key);
    let has_address = parameters
        .get("AlarmEmail")
        .is_some_and(|address| !address.is_empty());
    let alarm_topic = match outputs.get("AlarmTopic") {
        Some(topic) => AlarmTopic::Named(topic.clone()),
        None if has_address => AlarmTopic::Unnamed,
        None => AlarmTopic::None,
    };
    Ok(Resources {
        tables: Tables {
            limits: output("LimitsTable")?,
            challenges: output("ChallengesTable")?,
            blocks: output("BlocksTable")?,
        },
        keyring_secret: output("KeyringSecret")?,
        issuer: output("Issuer")?,
        log_groups: vec![output("SendLogGroup")?, output("VerifyLogGroup")?],
        sns_region: outputs.get("SnsRegion").cloned(),
        notify_configuration_id: outputs.get("NotifyConfigurationId").cloned(),
        alarm_topic,
        monthly_budget: parameters
            .get("MonthlySmsBudget")
            .and_then(|dollars| dollars.parse().ok()),
    })
}

/// Reads one of the variables that `cargo run` prints.
fn require_variable(name: &str) -> Result<String, CommandError> {
    ProcessEnvironment.get(name).ok_or_else(|| {
        let advice = "give --stack-name, or set the variables that `cargo run` prints";
        CommandError::new(
            Exit::Usage,
            format!("{name} is not set, so the stack is not known"),
            advice,
        )
    })
}

fn read_variables() -> Result<Resources, CommandError> {
    Ok(Resources {
        tables: Tables {
            limits: require_variable("LIMITS_TABLE")?,
            challenges: require_variable("CHALLENGES_TABLE")?,
            blocks: require_variable("BLOCKS_TABLE")?,
        },
        keyring_secret: require_variable("KEYRING_SECRET_ID")?,
        issuer: require_variable("ISSUER")?,
        log_groups: ProcessEnvironment.get("LOG_GROUP").into_iter().collect(),
        sns_region: ProcessEnvironment.get("SNS_REGION"),
        notify_configuration_id: ProcessEnvironment.get("NOTIFY_CONFIGURATION_ID"),
        alarm_topic: ProcessEnvironment
            .get("ALARM_TOPIC")
            .map_or(AlarmTopic::None, AlarmTopic::Named),
        monthly_budget: ProcessEnvironment
            .get("MONTHLY_SMS_BUDGET")
            .and_then(|dollars| dollars.parse().ok()),
    })
}

/// Reads which keyring the variables name. Without `--keyring` it is the verification service's, or the account
/// service's if only that is named.
fn read_keyring_variable(wanted: Option<KeyringOwner>) -> Result<KeyringSecret, CommandError> {
    const VERIFICATION: &str = "KEYRING_SECRET_ID";
    const ACCOUNT: &str = "ACCOUNT_KEYRING_SECRET_ID";
    let is_set = |name| ProcessEnvironment.get(name).is_some();
    let only_account = !is_set(VERIFICATION) && is_set(ACCOUNT);
    let owner = wanted.unwrap_or(if only_account {
        KeyringOwner::Account
    } else {
        KeyringOwner::Verification
    });
    let variable = match owner {
        KeyringOwner::Verification => VERIFICATION,
        KeyringOwner::Account => ACCOUNT,
    };
    let id = require_variable(variable)?;
    Ok(KeyringSecret { id, owner })
}

impl From<CallFailed> for CommandError {
    fn from(failed: CallFailed) -> Self {
        Self::call(failed.operation, &failed.code)
    }
}

impl From<BlockListError> for CommandError {
    fn from(error: BlockListError) -> Self {
        match error {
            BlockListError::Call(failed) => failed.into(),
            BlockListError::Contended => Self::new(
                Exit::Refused,
                "other operators changed the block list at the same time, so this change may not act everywhere yet",
                "see `blocks`, then run the command again",
            ),
        }
    }
}

/// Reads a phone as operators type it: in E.164, or in national form with `--country`. No
/// numbering plan has to know it.
pub(crate) fn parse_phone(typed: &str, common: &Common) -> Result<Destination, CommandError> {
    PhoneParser::new().parse_any(typed, common.country).map_err(|error| {
        let reason = match error {
            // The API calls it `region`.
            PhoneError::MissingRegion => "a number in national form needs --country".to_owned(),
            other => other.to_string(),
        };
        CommandError::usage(format!(
            "phone: a number in E.164 is needed, such as +14155550100, or a national one with --country ({reason})"
        ))
    })
}
