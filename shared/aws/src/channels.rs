//! The channels of one policy.

use std::future::Future;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Reason, Text};
use tokio::time::Instant;

use crate::end_user_messaging::{EndUserMessaging, Notify};
use crate::hook::Hook;
use crate::sns::Sender;

/// The channels that texts can take under one policy.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Amazon SNS.
    pub sns: Sender,
    /// AWS End User Messaging; `None` where the policy has none.
    pub end_user_messaging: Option<EndUserMessaging>,
    /// AWS End User Messaging Notify; `None` where the policy has none.
    pub notify: Option<Notify>,
    /// The send hook; `None` where the policy has none.
    pub hook: Option<Hook>,
}

impl Channels {
    /// Builds the client of `channel` now instead of at the first text.
    pub fn warm_up(&self, channel: Channel) {
        match channel {
            Channel::Sns => self.sns.warm_up(),
            Channel::EndUserMessaging => {
                if let Some(end_user_messaging) = &self.end_user_messaging {
                    end_user_messaging.warm_up();
                }
            }
            Channel::Notify => {
                if let Some(notify) = &self.notify {
                    notify.warm_up();
                }
            }
            Channel::Hook => {
                if let Some(hook) = &self.hook {
                    hook.warm_up();
                }
            }
        }
    }

    /// Opens a connection to `channel`, unless one was used a moment ago. Errors are ignored; the text then says so.
    pub async fn prepare(&self, channel: Channel) {
        match channel {
            Channel::Sns => self.sns.prepare().await,
            Channel::EndUserMessaging => {
                if let Some(channel) = &self.end_user_messaging {
                    channel.prepare().await;
                }
            }
            Channel::Notify => {
                if let Some(channel) = &self.notify {
                    channel.prepare().await;
                }
            }
            Channel::Hook => {
                if let Some(hook) = &self.hook {
                    hook.prepare().await;
                }
            }
        }
    }

    /// Does `work`, and opens a connection to `channel` beside it unless one was used a moment ago.
    ///
    /// So a text neither waits for a connection nor goes over one that may be dead. A failure of `work` ends the opening.
    ///
    /// # Errors
    ///
    /// The error of `work`. A connection that does not open is not an error here: the text then says so.
    pub async fn connect_beside<T, E>(
        &self,
        channel: Channel,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let connect = async {
            self.prepare(channel).await;
            Ok(())
        };
        let (done, ()) = tokio::try_join!(work, connect)?;
        Ok(done)
    }

    /// Hands `text` to `channel`, and waits for what becomes of it until `deadline`. The hook's requests are signed with
    /// `keyring`.
    pub async fn send(
        &self,
        channel: Channel,
        text: &Text<'_>,
        keyring: &Keyring,
        deadline: Instant,
    ) -> Delivery {
        let sent = match channel {
            Channel::Sns => Some(self.sns.send(text, deadline).await),
            Channel::EndUserMessaging => match &self.end_user_messaging {
                Some(channel) => Some(channel.send(text, deadline).await),
                None => None,
            },
            Channel::Notify => match &self.notify {
                Some(channel) => Some(channel.send(text, deadline).await),
                None => None,
            },
            Channel::Hook => match &self.hook {
                Some(hook) => Some(hook.send(text, keyring, deadline).await),
                None => None,
            },
        };
        sent.unwrap_or(Delivery::failed(channel, Reason::NotSetUp))
    }
}
