//! The resources of a stack: by its outputs, or by variables.

use std::collections::BTreeMap;

use phoneproof_aws::store::Tables;
use phoneproof_config::Environment as _;
use phoneproof_config::process::ProcessEnvironment;
use phoneproof_crypto::keyring::KeyringOwner;
use phoneproof_domain::end_user_messaging::NotifyPolicy;

use crate::output::{CommandError, Exit};

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

impl Resources {
    /// Finds the Notify configuration: that of the stack, before that of the policy's table.
    pub(crate) fn find_notify_configuration(
        resources: Option<&Self>,
        own: Option<&NotifyPolicy>,
    ) -> Option<String> {
        let deployed = resources.and_then(|stack| stack.notify_configuration_id.clone());
        deployed.or_else(|| own?.configuration_id.clone())
    }
}

/// The topic that a stack's alarms are sent to.
pub(crate) enum AlarmTopic {
    /// The stack sends its alarms to nobody.
    None,
    /// The stack sends its alarms to the topic with this ARN.
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
pub(super) type Values = BTreeMap<String, String>;

/// What CloudFormation says about a stack.
pub(super) struct Described {
    pub(super) outputs: Values,
    pub(super) parameters: Values,
}

/// Collects the pairs that have both a key and a value.
pub(super) fn collect<'v>(
    pairs: impl Iterator<Item = (Option<&'v str>, Option<&'v str>)>,
) -> Values {
    pairs
        .filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned())))
        .collect()
}

pub(super) fn require_output(
    stack: &str,
    outputs: &Values,
    key: &str,
) -> Result<String, CommandError> {
    let message = format!("the stack `{stack}` has no output `{key}`");
    let found = outputs.get(key).cloned();
    found.ok_or_else(|| CommandError::new(Exit::Failed, message, "is it a PhoneProof stack?"))
}

pub(super) fn read_outputs(name: &str, described: &Described) -> Result<Resources, CommandError> {
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

pub(super) fn read_variables() -> Result<Resources, CommandError> {
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
pub(super) fn read_keyring_variable(
    wanted: Option<KeyringOwner>,
) -> Result<KeyringSecret, CommandError> {
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
