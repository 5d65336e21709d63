//! A client of the Query protocol that knows nothing but bytes, and a simulator to use it on.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::http::{self, Reply};
use pgfleet_simulator::{AwsOptions, Builder, Clock, Simulator};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

pub(crate) const HERE: &str = "us-east-1";
pub(crate) const THERE: &str = "eu-west-1";

/// What is asked of answers in XML.
impl Reply {
    /// The texts of all elements of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.body.split(&open).skip(1);
        parts
            .map(|part| part.split(&close).next().unwrap_or_default())
            .collect()
    }

    /// The text of the first element of this name; empty where there is none.
    pub(crate) fn first(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub(crate) fn code(&self) -> &str {
        self.first("Code")
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn saying(&self, words: &str) {
        assert!(self.first("Message").contains(words), "{}", self.body);
    }
}

pub(crate) fn signed(region: &str, service: &str) -> String {
    signed_by("AKIDEXAMPLE", region, service)
}

pub(crate) fn signed_by(key: &str, region: &str, service: &str) -> String {
    let signature = "0".repeat(64);
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260102/{region}/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}\r\nX-Amz-Date: 20260102T030405Z\r\n"
    )
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in pairs {
        for text in [if body.is_empty() { "" } else { "&" }, name, "=", value] {
            let plain = matches!(text, "&" | "=");
            for byte in text.bytes() {
                if plain || byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    body.push(char::from(byte));
                } else {
                    write!(body, "%{byte:02X}").unwrap();
                }
            }
        }
    }
    body
}

/// Sends a request with these headers on a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    exchange(&mut stream, "POST", "/", headers, body).await
}

/// Sends a form, or what else is given.
pub(crate) async fn exchange(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
    http::exchange(stream, method, path, &headers, body).await
}

/// A running simulator and a client of it.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
}

impl Lab {
    pub(crate) async fn at_once() -> Self {
        Self::with(AwsOptions::default(), Clock::AtOnce).await
    }

    pub(crate) async fn manual() -> Self {
        Self::with(AwsOptions::default(), Clock::Manual).await
    }

    pub(crate) async fn with(options: AwsOptions, clock: Clock) -> Self {
        Self::start(Simulator::builder().aws(options).clock(clock)).await
    }

    pub(crate) async fn start(builder: Builder) -> Self {
        Self {
            simulator: builder.start().await.unwrap(),
        }
    }

    pub(crate) async fn try_call(
        &self,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> std::io::Result<Reply> {
        let mut pairs = vec![("Action", action), ("Version", "2014-10-31")];
        pairs.extend_from_slice(parameters);
        let body = form(&pairs);
        send(
            self.simulator.address(),
            &signed(region, "rds"),
            body.as_bytes(),
        )
        .await
    }

    pub(crate) async fn call(
        &self,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Reply {
        self.try_call(region, action, parameters).await.unwrap()
    }

    /// Creates an encrypted primary, unless `more` says otherwise.
    pub(crate) async fn create(&self, identifier: &str, more: &[(&str, &str)]) -> Reply {
        let usual = [
            ("DBInstanceIdentifier", identifier),
            ("Engine", "postgres"),
            ("EngineVersion", "16.3"),
            ("DBInstanceClass", "db.m6g.large"),
            ("MasterUsername", "postgres"),
            ("MasterUserPassword", "correct-horse"),
            ("AllocatedStorage", "100"),
            ("StorageType", "gp3"),
            ("BackupRetentionPeriod", "7"),
        ];
        self.call(HERE, "CreateDBInstance", &overlaid(&usual, more))
            .await
    }

    pub(crate) async fn replica(
        &self,
        identifier: &str,
        source: &str,
        more: &[(&str, &str)],
    ) -> Reply {
        self.replica_in(HERE, identifier, source, more).await
    }

    pub(crate) async fn replica_in(
        &self,
        region: &str,
        identifier: &str,
        source: &str,
        more: &[(&str, &str)],
    ) -> Reply {
        let usual = [
            ("DBInstanceIdentifier", identifier),
            ("SourceDBInstanceIdentifier", source),
            ("DBInstanceClass", "db.m6g.large"),
        ];
        self.call(
            region,
            "CreateDBInstanceReadReplica",
            &overlaid(&usual, more),
        )
        .await
    }

    pub(crate) async fn on(&self, action: &str, identifier: &str, more: &[(&str, &str)]) -> Reply {
        let usual = [("DBInstanceIdentifier", identifier)];
        self.call(HERE, action, &overlaid(&usual, more)).await
    }

    pub(crate) async fn modify(&self, identifier: &str, more: &[(&str, &str)]) -> Reply {
        let now = overlaid(&[("ApplyImmediately", "true")], more);
        self.on("ModifyDBInstance", identifier, &now).await
    }

    pub(crate) async fn describe(&self, identifier: &str) -> Reply {
        self.on("DescribeDBInstances", identifier, &[]).await
    }

    pub(crate) async fn status(&self, identifier: &str) -> String {
        self.describe(identifier)
            .await
            .first("DBInstanceStatus")
            .to_owned()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.simulator
            .control()
            .advance(Duration::from_secs(seconds))
            .unwrap();
    }
}

/// `usual` with the pairs of `more` in place of those of the same name; an empty text leaves out.
fn overlaid<'a>(
    usual: &[(&'a str, &'a str)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<_> = usual
        .iter()
        .filter(|(name, _)| !more.iter().any(|(other, _)| other == name))
        .copied()
        .collect();
    all.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    all
}

pub(crate) fn arn(region: &str, identifier: &str) -> String {
    format!("arn:aws:rds:{region}:123456789012:db:{identifier}")
}
