//! Which certificate authorities the clients trust.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

/// Certificates of certificate authorities in PEM, at least one, each of which TLS can use as a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle(String);

impl CaBundle {
    /// Reads a bundle.
    ///
    /// # Errors
    ///
    /// [`UnusableCaBundle`] unless `pem` holds at least one certificate and every certificate in it is usable.
    pub fn parse(pem: String) -> Result<Self, UnusableCaBundle> {
        let mut roots = RootCertStore::empty();
        for (place, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem.as_bytes())) {
            let certificate =
                certificate.map_err(|error| UnusableCaBundle::NotPem(place, error.to_string()))?;
            let added = roots.add(certificate);
            added.map_err(|error| UnusableCaBundle::NotARoot(place, error))?;
        }
        if roots.is_empty() {
            return Err(UnusableCaBundle::Empty);
        }
        Ok(Self(pem))
    }

    /// The certificates in PEM.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Why a bundle is not used. Certificates count from 1, in the order of the file.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum UnusableCaBundle {
    /// The file holds no certificate.
    #[error("it holds no certificate")]
    Empty,
    /// The certificate at this place is not PEM. The second value says why.
    #[error("certificate {0} is not PEM: {1}")]
    NotPem(usize, String),
    /// TLS cannot use the certificate at this place as a root.
    #[error("certificate {0} cannot be a root: {1}")]
    NotARoot(usize, rustls::Error),
}

/// The root certificates of Amazon Trust Services. The endpoints of AWS need no others, except in China. Other
/// endpoints are checked with the system's roots. To read those takes longer than the rest of a cold start. To compile
/// Mozilla's in makes each function 0.16 MB larger.
pub(super) const AMAZON_ROOTS: &str = include_str!("../../data/amazon-roots.pem");

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
    fn tls_can_use_the_roots() {
        assert!(CaBundle::parse(AMAZON_ROOTS.to_owned()).is_ok());
    }

    #[test]
    fn refuses_a_bundle_without_usable_certificates() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let not_pem = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        for (text, reason) in [
            (String::new(), "it holds no certificate"),
            ("certificates".to_owned(), "it holds no certificate"),
            (broken.to_owned(), "certificate 1 cannot be a root: "),
            (
                format!("{AMAZON_ROOTS}{broken}"),
                "certificate 6 cannot be a root: ",
            ),
            (
                format!("{AMAZON_ROOTS}{not_pem}"),
                "certificate 6 is not PEM: ",
            ),
        ] {
            let refused = CaBundle::parse(text).expect_err("unusable").to_string();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }
}
