//! How connections are encrypted, and whom they trust: the meaning of `sslmode`.
//!
//! The modes are those of PostgreSQL's own clients. `prefer` and `require` encrypt and trust
//! whoever answers; `verify-ca` wants a certificate of a known authority; `verify-full` wants it to
//! name the host, too.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use pgfleet_model::SslMode;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why connections cannot be protected as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The file of authorities cannot be used.
    #[error("connect.root_cert: {} {problem}", path.display())]
    RootCert {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The system trusts no authority at all.
    #[error(
        "this system has no certificate authorities that could vouch for a server; name the file \
         of the server's authority in connect.root_cert"
    )]
    NoAuthorities,
    /// The library refuses its own configuration.
    #[error("cannot prepare encrypted connections: {0}")]
    Library(String),
}

/// How connections are protected. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    mode: SslMode,
    config: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").field(&self.mode.as_str()).finish()
    }
}

impl Tls {
    /// No encryption.
    pub fn disabled() -> Self {
        Self {
            mode: SslMode::Disable,
            config: None,
        }
    }

    /// Connections of this mode. The authorities are those of `root_cert`, a PEM file, or the
    /// system's (`SSL_CERT_FILE` names others). As with PostgreSQL's own clients, a `root_cert`
    /// given with `require` is verified against.
    ///
    /// # Errors
    /// When the authorities cannot be read, and the mode needs them.
    pub fn new(mode: SslMode, root_cert: Option<&Path>) -> Result<Self, TlsError> {
        if mode == SslMode::Disable {
            return Ok(Self::disabled());
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = match (mode, root_cert) {
            (SslMode::Disable | SslMode::Prefer, _) | (SslMode::Require, None) => Trust::Anybody,
            (SslMode::Require | SslMode::VerifyCa, _) => Trust::Authorities,
            (SslMode::VerifyFull, _) => Trust::AuthoritiesAndName,
        };
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::Anybody => Arc::new(AnyCertificate(Arc::clone(&provider))),
            Trust::Authorities => Arc::new(AnyName(authorities(root_cert, &provider)?)),
            Trust::AuthoritiesAndName => authorities(root_cert, &provider)?,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Library(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self {
            mode,
            config: Some(Arc::new(config)),
        })
    }

    /// The mode.
    pub fn mode(&self) -> SslMode {
        self.mode
    }

    /// What the client library encrypts with; `None` where it shall not.
    pub(crate) fn connector(&self) -> Option<MakeRustlsConnect> {
        let config = self.config.as_ref()?;
        Some(MakeRustlsConnect::new(ClientConfig::clone(config)))
    }
}

/// What a certificate must show.
enum Trust {
    Anybody,
    Authorities,
    AuthoritiesAndName,
}

fn authorities(
    root_cert: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = root_cert {
        let problem = |problem: String| TlsError::RootCert {
            path: path.to_owned(),
            problem,
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|error| problem(format!("cannot be read: {error}")))?;
        for certificate in certificates {
            let certificate =
                certificate.map_err(|error| problem(format!("is no PEM file: {error}")))?;
            roots
                .add(certificate)
                .map_err(|error| problem(format!("holds no usable certificate: {error}")))?;
        }
        if roots.is_empty() {
            return Err(problem("holds no certificate".to_owned()));
        }
    } else {
        // Some of a system's certificates are often odd; what counts is that any are left.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TlsError::NoAuthorities);
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| TlsError::Library(error.to_string()))
}

/// `verify-ca`: a known authority, whatever the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is compared last, when everything else has held.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `prefer` and `require`: encrypted, whoever answers.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_vouches_for_nobody_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.crt");
        let why = |path: &Path| {
            Tls::new(SslMode::VerifyFull, Some(path))
                .unwrap_err()
                .to_string()
        };
        assert!(why(&path).contains("cannot be read"), "{}", why(&path));
        std::fs::write(&path, "no certificate").unwrap();
        assert!(
            why(&path).contains("holds no certificate"),
            "{}",
            why(&path)
        );
        std::fs::write(
            &path,
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        let said = why(&path);
        assert!(said.contains("no usable certificate"), "{said}");
        assert!(said.contains("root.crt"), "{said}");
        assert!(Tls::new(SslMode::Require, None).is_ok());
    }
}
