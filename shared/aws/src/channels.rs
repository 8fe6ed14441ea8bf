//! The channels of one policy.

use std::future::Future;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Reason, Text};
use tokio::time::Instant;

use crate::end_user_messaging::EndUserMessaging;
use crate::hook::Hook;
use crate::sns::Sender;

/// The channels that texts and calls can take under one policy.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Amazon SNS, which is always set up.
    pub sns: Sender,
    /// AWS End User Messaging; `None` where the policy has none.
    pub end_user_messaging: Option<EndUserMessaging>,
    /// AWS End User Messaging Notify; `None` where the policy has none.
    pub notify: Option<EndUserMessaging>,
    /// The calls of AWS End User Messaging Notify; `None` where the policy has none.
    pub notify_voice: Option<EndUserMessaging>,
    /// The send hook; `None` where the policy has none.
    pub hook: Option<Hook>,
}

/// A channel that is set up.
enum SetUp<'c> {
    Sns(&'c Sender),
    EndUserMessaging(&'c EndUserMessaging),
    Hook(&'c Hook),
}

impl Channels {
    /// Finds a channel; `None` where the policy has not set it up.
    fn find(&self, channel: Channel) -> Option<SetUp<'_>> {
        let by_aws = match channel {
            Channel::Sns => return Some(SetUp::Sns(&self.sns)),
            Channel::Hook => return self.hook.as_ref().map(SetUp::Hook),
            Channel::EndUserMessaging => &self.end_user_messaging,
            Channel::Notify => &self.notify,
            Channel::NotifyVoice => &self.notify_voice,
        };
        by_aws.as_ref().map(SetUp::EndUserMessaging)
    }

    /// Builds the client of `channel` now instead of at the first text.
    pub fn warm_up(&self, channel: Channel) {
        match self.find(channel) {
            Some(SetUp::Sns(sns)) => sns.warm_up(),
            Some(SetUp::EndUserMessaging(own)) => own.warm_up(),
            Some(SetUp::Hook(hook)) => hook.warm_up(),
            None => {}
        }
    }

    /// Opens a connection to `channel`, unless one was used a moment ago. Errors are ignored. The send reports them.
    pub async fn prepare(&self, channel: Channel) {
        match self.find(channel) {
            Some(SetUp::Sns(sns)) => sns.prepare().await,
            Some(SetUp::EndUserMessaging(own)) => own.prepare().await,
            Some(SetUp::Hook(hook)) => hook.prepare().await,
            None => {}
        }
    }

    /// Does `work`, and opens a connection to `channel` beside it unless one was used a moment ago.
    ///
    /// So a text neither waits for a connection nor goes over one that may be dead. A failure of `work` ends the
    /// opening.
    ///
    /// # Errors
    ///
    /// The error of `work`. A connection that does not open is not an error here. The send reports it.
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

    /// Hands `text` to `channel`, and waits for what becomes of it until `deadline`. The hook's requests are signed
    /// with `keyring`.
    pub async fn send(
        &self,
        channel: Channel,
        text: &Text<'_>,
        keyring: &Keyring,
        deadline: Instant,
    ) -> Delivery {
        match self.find(channel) {
            Some(SetUp::Sns(sns)) => sns.send(text, deadline).await,
            Some(SetUp::EndUserMessaging(own)) => own.send(text, deadline).await,
            Some(SetUp::Hook(hook)) => hook.send(text, keyring, deadline).await,
            None => Delivery::from_failure(channel, Reason::NotSetUp),
        }
    }
}
