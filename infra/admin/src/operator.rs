//! Finds the resources of a stack, and makes the clients that reach them.

mod resources;

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_pinpointsmsvoicev2 as sms_voice;
use phoneproof_aws::clients::error_code;
use phoneproof_aws::store::{BlockListError, OperationFailed, Store};
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

pub(crate) use self::resources::{AlarmTopic, KeyringSecret, Resources};
use self::resources::{
    Described, collect, read_keyring_variable, read_outputs, read_variables, require_output,
};

/// How long a call of AWS may take. Operators can wait longer than the users of a function.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

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
            return deployed::read_layer(&self.aws, &function).await;
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
            code => CommandError::of_operation("DescribeStacks", code),
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
    pub(crate) fn make_sns(&self, resources: &Resources) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::from_conf(self.make_sns_config(resources).build())
    }

    /// Makes the settings of [`Operator::make_sns`], for a client that differs in something else.
    pub(crate) fn make_sns_config(&self, resources: &Resources) -> aws_sdk_sns::config::Builder {
        let config = aws_sdk_sns::config::Builder::from(&self.aws);
        match &resources.sns_region {
            Some(region) => config.region(Region::new(region.clone())),
            None => config,
        }
    }

    /// Makes the settings of the client of AWS End User Messaging, which sends texts from the region of SNS. The
    /// service does not retry either: a second try could text twice.
    pub(crate) fn make_sms_voice_config(&self, resources: &Resources) -> sms_voice::Config {
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
        let version = Version::read_current(&self.aws, &secret.id).await?;
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

impl From<OperationFailed> for CommandError {
    fn from(failed: OperationFailed) -> Self {
        Self::of_operation(failed.operation, &failed.code)
    }
}

impl From<BlockListError> for CommandError {
    fn from(error: BlockListError) -> Self {
        match error {
            BlockListError::Operation(failed) => failed.into(),
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
