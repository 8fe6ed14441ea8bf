//! Clients that are built at their first use.

use std::sync::{Arc, LazyLock};

use super::connections::Connections;

/// A client that sends texts. It is built at its first use: that takes a tenth of a cold start, `verify` sends no text,
/// and few policies use every channel.
#[derive(derive_more::Debug)]
#[debug("LazyClient")]
pub struct LazyClient<C> {
    client: Arc<LazyLock<C, Build<C>>>,
    /// `None` for a client that was given, whose connections are not known.
    connections: Option<Connections>,
}

type Build<C> = Box<dyn FnOnce() -> C + Send>;

/// The client of Amazon SNS.
pub type SnsClient = LazyClient<aws_sdk_sns::Client>;

/// The client of AWS End User Messaging.
pub type SmsVoiceClient = LazyClient<aws_sdk_pinpointsmsvoicev2::Client>;

impl<C> LazyClient<C> {
    /// A client over `connections`, which `build` makes.
    pub(super) fn over(
        connections: Connections,
        build: impl FnOnce() -> C + Send + 'static,
    ) -> Self {
        Self {
            client: Arc::new(LazyLock::new(Box::new(build))),
            connections: Some(connections),
        }
    }

    /// Returns the client. The first call builds it.
    #[must_use]
    pub fn get(&self) -> &C {
        &self.client
    }

    /// Opens a connection, unless one was used in the last three seconds. Errors are ignored.
    ///
    /// A text over an older connection could be lost: see the module `connections`.
    pub async fn prepare(&self) {
        if let Some(connections) = &self.connections {
            connections.prepare().await;
        }
    }
}

impl<C> Clone for LazyClient<C> {
    fn clone(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
            connections: self.connections.clone(),
        }
    }
}

impl<C: Send + 'static> From<C> for LazyClient<C> {
    fn from(client: C) -> Self {
        Self {
            client: Arc::new(LazyLock::new(Box::new(|| client))),
            connections: None,
        }
    }
}
