//! Requests without what the SDK says about itself.

use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, disable_interceptor};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// What requests say of the program that makes them.
pub(super) const USER_AGENT: &str = concat!("PhoneProof/", env!("CARGO_PKG_VERSION"));

const WHY: &str = "no service reads it";

/// Names the program in place of the SDK, its settings, its call and its attempt. No service reads those, and for every
/// request the SDK makes their texts anew and signs one of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brief;

impl Intercept for Brief {
    fn name(&self) -> &'static str {
        "Brief"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let own = settings.interceptor_state();
        own.store_put(disable_interceptor::<UserAgentInterceptor>(WHY));
        own.store_put(disable_interceptor::<InvocationIdInterceptor>(WHY));
        own.store_put(disable_interceptor::<RequestInfoInterceptor>(WHY));
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.try_insert("user-agent", USER_AGENT)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::clients::Clients;
    use crate::clients::tests::{Noon, make_settings};

    /// Keeps the names of the headers of the last request, and its user agent. Never answers.
    #[derive(Debug, Clone, Default)]
    struct Seen(Arc<Mutex<(Vec<String>, String)>>);

    impl HttpConnector for Seen {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let headers = request.headers();
            let names = headers.iter().map(|(name, _)| name.to_owned()).collect();
            let agent = headers.get("user-agent").unwrap_or_default().to_owned();
            *self.0.lock().expect("no panic") = (names, agent);
            HttpConnectorFuture::ready(Err(ConnectorError::user("no answer".into())))
        }
    }

    #[tokio::test]
    async fn a_request_names_the_program_and_nothing_of_the_sdk() {
        let settings = make_settings("eu-central-1");
        let seen = Seen::default();
        let connector = SharedHttpConnector::new(seen.clone());
        let clients = Clients::over(connector, &settings, Arc::new(Noon));
        drop(clients.dynamodb.list_tables().send().await);
        let (mut names, agent) = seen.0.lock().expect("no panic").clone();
        names.sort();
        let expected = [
            "authorization",
            "content-length",
            "content-type",
            "user-agent",
            "x-amz-date",
            "x-amz-target",
        ];
        assert_eq!(names, expected);
        assert_eq!(agent, USER_AGENT);
    }
}
