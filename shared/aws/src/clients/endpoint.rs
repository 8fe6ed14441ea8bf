//! The endpoints of the AWS services.
//!
//! An endpoint follows from the region, so it is known before a client is built. It decides which connections are
//! opened early and which root certificates are trusted. The SDK clients get it too, so they do not resolve the
//! endpoint again for every call. They still read their partition tables when they are built.

use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_types::endpoint::Endpoint;

/// The endpoint of one service. It is the same for every call.
#[derive(Debug, Clone)]
pub(super) struct FixedEndpoint {
    /// Without a slash at its end.
    url: String,
    /// Whether it is the regional endpoint of AWS. The operator gave all others.
    is_default: bool,
}

/// Partitions with a DNS suffix of their own: the prefix of their regions, and the suffix. A test compares them with
/// the endpoint rules of the SDK.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
/// The DNS suffix of all other regions.
const SUFFIX: &str = "amazonaws.com";

impl FixedEndpoint {
    /// The endpoint at the URL `given` by the operator, or else the regional endpoint of `service`.
    pub(super) fn of(service: &str, given: Option<&str>, region: &str) -> Self {
        match given {
            Some(url) => Self {
                url: url.trim_end_matches('/').to_owned(),
                is_default: false,
            },
            None => Self {
                url: format!("https://{service}.{region}.{}", suffix(region)),
                is_default: true,
            },
        }
    }

    /// The URL of the endpoint, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether the endpoint is reached by plain HTTP.
    pub(super) fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }

    /// Whether the roots of Amazon Trust Services suffice for this endpoint: it uses no TLS, or it is a regional
    /// endpoint below [`SUFFIX`]. Other partitions may use other certificate authorities.
    pub(super) fn is_signed_by_amazon(&self) -> bool {
        self.is_plain() || (self.is_default && self.url.ends_with(SUFFIX))
    }

    fn resolve<'a>(&self) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.url.clone()).build()))
    }
}

fn suffix(region: &str) -> &'static str {
    let own = SUFFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix));
    own.map_or(SUFFIX, |(_, suffix)| suffix)
}

impl aws_sdk_dynamodb::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_dynamodb::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve()
    }
}

impl aws_sdk_sns::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_sns::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve()
    }
}

impl aws_sdk_pinpointsmsvoicev2::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_pinpointsmsvoicev2::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve()
    }
}

impl aws_sdk_secretsmanager::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_secretsmanager::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At least one region of every partition.
    const REGIONS: [&str; 14] = [
        "us-east-1",
        "eu-central-1",
        "ap-southeast-5",
        "mx-central-1",
        "il-central-1",
        "af-south-1",
        "us-gov-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
    ];

    /// The URL that the resolver of an SDK crate gives for a region.
    macro_rules! of_the_sdk {
        ($sdk:ident, $region:expr) => {{
            use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
            let params = Params::builder()
                .region($region)
                .build()
                .expect("parameters");
            let resolver = DefaultResolver::new();
            let endpoint = resolver.resolve_endpoint(&params).await.expect("resolved");
            endpoint.url().trim_end_matches('/').to_owned()
        }};
    }

    #[tokio::test]
    async fn gives_the_same_url_as_the_sdk() {
        for region in REGIONS {
            let ours = |service| FixedEndpoint::of(service, None, region).url;
            assert_eq!(ours("dynamodb"), of_the_sdk!(aws_sdk_dynamodb, region));
            assert_eq!(ours("sns"), of_the_sdk!(aws_sdk_sns, region));
            let sms_voice = of_the_sdk!(aws_sdk_pinpointsmsvoicev2, region);
            assert_eq!(ours("sms-voice"), sms_voice);
            let secrets = of_the_sdk!(aws_sdk_secretsmanager, region);
            assert_eq!(ours("secretsmanager"), secrets);
        }
    }

    #[test]
    fn trusts_only_amazons_roots_at_regional_endpoints_of_aws() {
        let signed = |given, region| FixedEndpoint::of("sns", given, region).is_signed_by_amazon();
        assert!(signed(None, "eu-central-1"));
        assert!(signed(None, "us-gov-west-1"));
        assert!(signed(Some("http://127.0.0.1:3002"), "eu-central-1"));
        assert!(!signed(None, "cn-north-1"));
        assert!(!signed(Some("https://sns.example.com"), "eu-central-1"));
        assert!(!signed(Some("https://evil.amazonaws.com"), "eu-central-1"));
    }
}
