//! What is done with a receipt, wherever it came from.

use std::fmt;
use std::sync::Arc;

use phoneproof_aws::clients::Clients;
use phoneproof_aws::keys::{KeyringOwner, Keys, KeysError};
use phoneproof_aws::store::{Kept, Store, StoreError};
use phoneproof_config::Settings;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::receipt::{open, report_id};
use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::receipt::{Moment, Report};
use phoneproof_observe::{Receipt, RequestContext, Unreadable};

use crate::event::Event;

/// Takes receipts. A process builds it once.
#[derive(Debug)]
pub struct Receipts {
    keys: Keys,
    store: Store,
    countries: Vec<Country>,
}

/// What somebody reported about a text.
pub(crate) struct Reported<'r> {
    /// What was sent with the text.
    pub(crate) receipt: &'r str,
    /// What the reporter calls this report, however often it comes.
    pub(crate) name: &'r str,
    pub(crate) report: Report,
    /// When the report came, by the clock of the function.
    pub(crate) received: Moment,
}

/// Why a receipt was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read, now or later.
    Unreadable(Unreadable),
    /// The keyring cannot be read.
    Keys(KeysError),
    /// The store gave no answer.
    Store(StoreError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(f, "the receipt cannot be read: {}", kind.as_str()),
            Self::Keys(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl Receipts {
    /// Makes the service without a call. [`Receipts::warm_up`] makes the first one.
    #[must_use]
    pub fn new(clients: &Clients, settings: &Settings, policy: &Policy) -> Self {
        Self {
            keys: Keys::new(
                clients.secrets.clone(),
                settings.keyring_secret_id.clone(),
                KeyringOwner::Verification,
            ),
            store: Store::new(clients.dynamodb.clone(), settings.tables.clone()),
            countries: policy.numbers.countries.iter().copied().collect(),
        }
    }

    /// Reads the keyring during start-up, so that a broken one stops the process.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says why there is no usable keyring.
    pub async fn warm_up(&self, request: &mut RequestContext) -> Result<(), KeysError> {
        self.keys.read_keyring(request).await.map(drop)
    }

    pub(crate) async fn read_keyring(
        &self,
        request: &mut RequestContext,
    ) -> Result<Arc<Keyring>, Refused> {
        self.keys.read_keyring(request).await.map_err(Refused::Keys)
    }

    /// Keeps what was reported. Returns what to count; `None` for a report that is known.
    pub(crate) async fn keep(
        &self,
        reported: Reported<'_>,
        keyring: &Keyring,
        request: &mut RequestContext,
    ) -> Result<Option<Receipt>, Refused> {
        let Reported {
            receipt,
            name,
            report,
            received,
        } = reported;
        let sent = open(receipt, keyring).ok_or(Refused::Unreadable(Unreadable::Foreign))?;
        if !sent.takes_receipts_at(request.now) {
            return Err(Refused::Unreadable(Unreadable::TooLate));
        }
        let report = Report {
            at: sent.bound(report.at, received),
            ..report
        };
        let id = report_id(receipt, name);
        let kept = self
            .store
            .keep_report(&sent, id, &report, received, request);
        let is_new = kept.await.map_err(Refused::Store)? == Kept::New;
        Ok(is_new.then_some(Receipt {
            country: sent.country,
            channel: Some(sent.channel),
            outcome: report.outcome,
            reason: report.reason,
        }))
    }

    /// Makes what is counted for an event about a text that nothing says this service sent. A country outside the
    /// policy is left out, so the dimension stays bounded.
    pub(crate) fn report_unattributed(&self, event: &Event) -> Receipt {
        Receipt {
            country: event
                .country
                .filter(|country| self.countries.contains(country)),
            channel: None,
            outcome: event.report.outcome,
            reason: event.report.reason,
        }
    }
}
