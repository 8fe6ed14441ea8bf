//! What an AWS account says about its text messages: sandbox, spend limit, numbers, logs, and who gets the alarms.
//!
//! Only operators ask for this. The inbox takes texts whatever the account says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ARN of the topic that alarms are sent to.
pub const ALARM_TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:local-alarms";

/// The Notify configuration that the account has, as the template's `NotifyDisplayName` would make one.
pub const NOTIFY_CONFIGURATION: &str = "notify-local";

/// The budget of a month, in US dollars: the template's parameter `MonthlySmsBudget`.
pub const MONTHLY_BUDGET: u32 = 50;

/// The group in which SNS logs the texts that were not delivered.
pub const FAILURE_LOGS: &str = "sns/us-east-1/000000000000/DirectPublishToPhoneNumber/Failure";

/// An origination number, as `ListOriginationNumbers` describes it.
#[derive(Debug, Clone)]
pub struct OriginationNumber {
    /// The number in E.164.
    pub number: String,
    /// The country that the number belongs to: two letters of ISO 3166-1.
    pub country: String,
    /// `ACTIVE`, or `PENDING` while it is registered.
    pub status: String,
    /// `Transactional`, `Promotional` or `Premium`.
    pub route: String,
    /// What it can do: `SMS`, `MMS`, `VOICE`.
    pub capabilities: Vec<String>,
}

impl OriginationNumber {
    /// An active number of this country that texts codes.
    #[must_use]
    pub fn active(number: &str, country: &str) -> Self {
        Self {
            number: number.to_owned(),
            country: country.to_owned(),
            status: "ACTIVE".to_owned(),
            route: "Transactional".to_owned(),
            capabilities: vec!["SMS".to_owned()],
        }
    }
}

/// A sender id, as `DescribeSenderIds` describes it.
#[derive(Debug, Clone)]
pub struct SenderId {
    /// The name that phones show as the sender.
    pub id: String,
    /// The country that it is registered in.
    pub country: String,
    /// Whether it is in the country's register.
    pub is_registered: bool,
}

/// A Notify configuration, as `DescribeNotifyConfigurations` describes it.
#[derive(Debug, Clone)]
pub struct NotifyConfiguration {
    /// The id that calls name it by.
    pub id: String,
    /// `ACTIVE`, `PENDING`, `REJECTED` or `REQUIRES_VERIFICATION`.
    pub status: String,
    /// What it sends: `SMS`, `VOICE`.
    pub channels: Vec<String>,
    /// The countries that it serves; empty are all of its tier.
    pub countries: Vec<String>,
}

impl NotifyConfiguration {
    /// An active configuration that texts and calls every country of its tier.
    #[must_use]
    pub fn active(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            status: "ACTIVE".to_owned(),
            channels: vec!["SMS".to_owned(), "VOICE".to_owned()],
            countries: Vec::new(),
        }
    }
}

/// What a call is answered with in place of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller has no right to make it.
    Deny,
    /// The call never gets an answer.
    Hang,
}

/// What the account holds.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Whether it is in the SMS sandbox.
    pub in_sandbox: bool,
    /// The numbers that the sandbox may text, each with `Verified` or `Pending`.
    pub sandbox_numbers: Vec<(String, String)>,
    /// The attributes that `GetSMSAttributes` answers with.
    pub attributes: BTreeMap<String, String>,
    /// What this month's texts have cost, in US dollars; `None` before the first text.
    pub month_spent: Option<f64>,
    /// The origination numbers, as `ListOriginationNumbers` lists them.
    pub numbers: Vec<OriginationNumber>,
    /// The pools and the numbers that have ids, each with its status, such as `ACTIVE`. A number is of the US, and
    /// texts.
    pub identities: BTreeMap<String, String>,
    /// The sender ids that the account owns.
    pub sender_ids: Vec<SenderId>,
    /// The Notify configurations that the account owns.
    pub notify: Vec<NotifyConfiguration>,
    /// The configuration sets, by name.
    pub configuration_sets: Vec<String>,
    /// The Protect configurations, by id.
    pub protect: Vec<String>,
    /// Whether each subscriber of the alarms has followed the link in the mail.
    pub subscribers: Vec<bool>,
    /// The log groups of SNS, with the days that they keep lines; `None` keeps them for ever.
    pub log_groups: BTreeMap<String, Option<u32>>,
    /// The calls that fail, by the name of their operation.
    pub faults: BTreeMap<String, Fault>,
}

impl Default for Contents {
    /// An account that may text the countries of the sample policy.
    fn default() -> Self {
        let attribute = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            in_sandbox: false,
            sandbox_numbers: Vec::new(),
            attributes: [
                ("MonthlySpendLimit", "50"),
                (
                    "DeliveryStatusIAMRole",
                    "arn:aws:iam::000000000000:role/sns-logs",
                ),
                ("DeliveryStatusSuccessSamplingRate", "0"),
            ]
            .map(attribute)
            .into(),
            month_spent: Some(1.25),
            numbers: vec![
                OriginationNumber::active("+18885550100", "US"),
                OriginationNumber::active("+16135550100", "CA"),
            ],
            identities: BTreeMap::new(),
            sender_ids: Vec::new(),
            notify: vec![NotifyConfiguration::active(NOTIFY_CONFIGURATION)],
            configuration_sets: Vec::new(),
            protect: Vec::new(),
            subscribers: vec![true],
            log_groups: BTreeMap::from([(FAILURE_LOGS.to_owned(), Some(7))]),
            faults: BTreeMap::new(),
        }
    }
}

/// The account of one local stack; clones share it.
#[derive(Clone, Default, derive_more::Debug)]
#[debug("SmsAccount(…)")]
pub struct SmsAccount(Arc<Mutex<Contents>>);

impl SmsAccount {
    /// An account on its first day: in the sandbox, with a limit of one dollar, without numbers and logs. Nobody has
    /// followed the link that the alarms wait for.
    #[must_use]
    pub fn new_account() -> Self {
        let account = Self::default();
        account.change(|contents| {
            contents.in_sandbox = true;
            contents.attributes = BTreeMap::from([("MonthlySpendLimit".into(), "1".into())]);
            contents.month_spent = None;
            contents.numbers.clear();
            contents.subscribers = vec![false];
            contents.log_groups.clear();
        });
        account
    }

    /// Changes what the account holds.
    pub fn change(&self, change: impl FnOnce(&mut Contents)) {
        change(&mut self.lock());
    }

    /// Returns what the account holds now.
    pub(crate) fn contents(&self) -> Contents {
        self.lock().clone()
    }

    /// Returns how the call of `operation` fails, if it does.
    pub(crate) fn fault(&self, operation: &str) -> Option<Fault> {
        self.lock().faults.get(operation).copied()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
