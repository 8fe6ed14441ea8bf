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
