//! Encrypted connections to a real server: what each `sslmode` takes and refuses.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

#[expect(
    dead_code,
    reason = "shared with the tests of pgfleet-postgres, which use all of it"
)]
#[path = "../../postgres/tests/common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};

use common::{Bench, PASSWORD, start};
use pgfleet_model::{Endpoint, ResourceId, Role, SslMode};
use pgfleet_monitor::{Credentials, StatusOptions, Target, Tls, status};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// An authority of its own, for one test.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A certificate for this host, and its key, as PEM.
    fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A running server that takes encrypted connections only, with a certificate for `host`.
async fn encrypted(bench: &mut Bench, authority: &Authority, host: &str) -> u16 {
    let (server, port) = bench.primary(host).await;
    let (certificate, key) = authority.certify(host);
    let files = [
        ("server.crt", certificate.as_str()),
        ("server.key", key.as_str()),
    ];
    for (name, contents) in files {
        let path = server.data().join(name);
        bench
            .account
            .write_file(&path, contents.as_bytes())
            .unwrap();
    }
    let hba = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    bench.configure_with_hba(&server, port, &[("ssl", "on")], hba);
    start(&server).await;
    port
}

/// What a connection of this kind comes to.
async fn reach(port: u16, mode: SslMode, root_cert: Option<&Path>) -> Result<(), String> {
    let target = Target {
        address: "primary".parse().unwrap(),
        resource_id: ResourceId::new("one"),
        role: Role::Primary,
        endpoint: Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
        },
        slot: None,
    };
    let credentials = Credentials {
        user: "boss".to_owned(),
        password: Some(PASSWORD.into()),
        database: "postgres".to_owned(),
        tls: Tls::new(mode, root_cert).unwrap(),
    };
    let seen = status(&target, &[], &credentials, &StatusOptions::default()).await;
    seen[0].reachable.clone()
}

#[tokio::test]
async fn each_mode_trusts_whom_it_should() {
    let mut bench = Bench::new();
    let root = bench.root.path().to_owned();
    let ours = Authority::new(&root, "ours.crt");
    let other = Authority::new(&root, "other.crt");
    let right = encrypted(&mut bench, &ours, "127.0.0.1").await;
    let misnamed = encrypted(&mut bench, &ours, "db.example.com").await;

    let ours = Some(ours.file.as_path());
    let other = Some(other.file.as_path());
    let taken = [
        (right, SslMode::Prefer, None),
        (right, SslMode::Require, None),
        (right, SslMode::Require, ours),
        (right, SslMode::VerifyCa, ours),
        (right, SslMode::VerifyFull, ours),
        (misnamed, SslMode::Require, None),
        (misnamed, SslMode::VerifyCa, ours),
    ];
    for (port, mode, root_cert) in taken {
        assert_eq!(reach(port, mode, root_cert).await, Ok(()), "{mode}");
    }
    let refused = [
        (
            right,
            SslMode::Disable,
            None,
            "does not admit us without encryption",
        ),
        (right, SslMode::Require, other, "cannot be trusted"),
        (right, SslMode::VerifyCa, other, "cannot be trusted"),
        (right, SslMode::VerifyFull, other, "cannot be trusted"),
        (misnamed, SslMode::VerifyFull, ours, "cannot be trusted"),
    ];
    for (port, mode, root_cert, wanted) in refused {
        let said = reach(port, mode, root_cert).await.unwrap_err();
        assert!(said.contains(wanted), "{mode}: {said}");
        assert!(!said.contains(PASSWORD), "{mode}: {said}");
    }
}
