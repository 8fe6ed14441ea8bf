//! Where the services are.
//!
//! They follow from the region, and are known before a client is built: by them connections are opened and
//! roots chosen. That the SDK is given them saves it the resolving of each call, not the reading of its
//! partition tables, which every client does as it is built.

use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_types::endpoint::Endpoint;

/// The endpoint of one service, the same for every call.
#[derive(Debug, Clone)]
pub(super) struct FixedEndpoint {
    url: String,
    /// Whether AWS chose it, rather than the operator.
    is_default: bool,
}

/// DNS suffixes of the partitions that have one of their own, by the prefix of their regions.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
/// That of all others.
const SUFFIX: &str = "amazonaws.com";

impl FixedEndpoint {
    /// The endpoint that the operator gave, else the regional one of `service`.
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

    /// The URL, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is reached without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }

    /// Whether its certificate comes from Amazon Trust Services, if it has one. Partitions of their own may
    /// have authorities of their own.
    pub(super) fn is_signed_by_amazon(&self) -> bool {
        self.is_plain() || (self.is_default && self.url.ends_with(SUFFIX))
    }

    fn resolved<'a>(&self) -> EndpointFuture<'a> {
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
        self.resolved()
    }
}

impl aws_sdk_sns::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_sns::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolved()
    }
}

impl aws_sdk_secretsmanager::config::endpoint::ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(
        &'a self,
        _: &'a aws_sdk_secretsmanager::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolved()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regions of every partition.
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

    /// What an SDK's own resolver says of a region.
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
    async fn the_url_is_the_one_that_the_sdk_resolves() {
        for region in REGIONS {
            let ours = |service| FixedEndpoint::of(service, None, region).url;
            assert_eq!(ours("dynamodb"), of_the_sdk!(aws_sdk_dynamodb, region));
            assert_eq!(ours("sns"), of_the_sdk!(aws_sdk_sns, region));
            let secrets = of_the_sdk!(aws_sdk_secretsmanager, region);
            assert_eq!(ours("secretsmanager"), secrets);
        }
    }

    #[test]
    fn only_what_aws_chose_is_trusted_by_amazons_roots_alone() {
        let signed = |given, region| FixedEndpoint::of("sns", given, region).is_signed_by_amazon();
        assert!(signed(None, "eu-central-1"));
        assert!(signed(None, "us-gov-west-1"));
        assert!(signed(Some("http://127.0.0.1:3002"), "eu-central-1"));
        assert!(!signed(None, "cn-north-1"));
        assert!(!signed(Some("https://sns.example.com"), "eu-central-1"));
        assert!(!signed(Some("https://evil.amazonaws.com"), "eu-central-1"));
    }
}
