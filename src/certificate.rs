//! What is wrong with the certificate of a server, in words.

use rustls::CertificateError;

/// What is wrong with it, to stand behind "its certificate".
pub(crate) fn fault(error: &CertificateError) -> String {
    match error {
        _ if is_untrusted(error) => "is not signed by an authority that is trusted".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "names another host".to_owned()
        }
        _ => format!("is not valid: {}", rustls::Error::InvalidCertificate(error.clone())),
    }
}

/// Whether nobody who is trusted has signed it. An authority of the same name with another key is
/// another one.
pub(crate) fn is_untrusted(error: &CertificateError) -> bool {
    matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
}
