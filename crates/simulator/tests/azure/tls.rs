//! TLS: the certificate is the simulator's own authority's, and a token is demanded.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::client::{VERSION, path, primary};
use pgfleet_simulator::{Clock, Simulator};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn connector(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn exchange(simulator: &Simulator, pem: &str, token: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(simulator.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector(pem).connect(name, stream).await?;
    let body = primary().to_string();
    let head = format!(
        "PUT {}?api-version={VERSION} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}\
         Content-Length: {}\r\n\r\n{body}",
        path("food"),
        simulator.address(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn clients_that_trust_the_authority_are_served_over_tls() {
    let start = async || {
        let builder = Simulator::builder().clock(Clock::AtOnce).tls(true);
        builder.start().await.unwrap()
    };
    let simulator = start().await;
    assert!(simulator.endpoint().starts_with("https://127.0.0.1:"));
    let pem = simulator.authority_pem().unwrap().to_owned();
    let without = exchange(&simulator, &pem, "").await.unwrap();
    assert!(without.starts_with("HTTP/1.1 401"), "{without}");
    let token = "Authorization: Bearer anything\r\n";
    let with = exchange(&simulator, &pem, token).await.unwrap();
    assert!(with.starts_with("HTTP/1.1 202"), "{with}");
    assert!(with.contains(&format!("azure-asyncoperation: {}/", simulator.endpoint())));
    let other = start().await;
    assert!(exchange(&other, &pem, token).await.is_err());
}

#[tokio::test]
async fn plain_http_has_no_authority() {
    let simulator = Simulator::builder().start().await.unwrap();
    assert_eq!(simulator.authority_pem(), None);
}
