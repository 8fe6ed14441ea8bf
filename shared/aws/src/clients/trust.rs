//! Which certificate authorities the clients trust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates of certificate authorities in PEM, at least one, each of which TLS can use as a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle(String);

impl CaBundle {
    /// Reads a bundle. Returns `None` unless `pem` holds at least one certificate and every certificate in it is
    /// usable.
    #[must_use]
    pub fn parse(pem: String) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.ok()?).ok()?;
        }
        (!roots.is_empty()).then_some(Self(pem))
    }

    /// The certificates in PEM.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The root certificates of Amazon Trust Services. The endpoints of AWS need no others, and reading Mozilla's 145 roots
/// takes longer than the rest of a cold start.
pub(super) const AMAZON_ROOTS: &str = include_str!("../../data/amazon-roots.pem");

/// Mozilla's root certificates, for endpoints that AWS does not run. In PEM, because the SDK takes nothing else.
pub(super) fn mozilla_roots() -> String {
    let mut pem = String::with_capacity(256 * 1024);
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_trusts_every_root_of_amazon() {
        let ours: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes())
            .map(|root| root.expect("a certificate"))
            .collect();
        assert_eq!(ours.len(), 5);
        for root in &ours {
            assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.contains(root));
        }
    }

    #[test]
    fn tls_can_use_both_sets_of_roots() {
        for pem in [AMAZON_ROOTS.to_owned(), mozilla_roots()] {
            assert!(CaBundle::parse(pem).is_some());
        }
    }

    #[test]
    fn refuses_a_bundle_without_usable_certificates() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "certificates", broken] {
            assert_eq!(CaBundle::parse(text.to_owned()), None, "{text}");
        }
    }
}
