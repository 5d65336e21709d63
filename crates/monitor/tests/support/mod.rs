//! A real primary with one replica, and how the tests look at them.

use std::time::{Duration, Instant};

use pgfleet_model::{Endpoint, Lag, ResourceId, Role};
use pgfleet_monitor::{
    Credentials, InstanceStatus, StatusOptions, Target, Tls, Verification, VerifyOptions, status,
    verify,
};
use pgfleet_postgres::Server;

use crate::common::{Bench, PASSWORD, PATIENCE, ask, ask_until, client, start};

/// A primary and one replica that streams from it.
pub(crate) struct Fleet {
    pub(crate) bench: Bench,
    pub(crate) primary: (Server, u16),
    pub(crate) replica: (Server, u16),
    /// A connection to the primary to write on and ask.
    pub(crate) writer: tokio_postgres::Client,
}

impl Fleet {
    pub(crate) async fn new() -> Self {
        let mut bench = Bench::new();
        let primary = bench.primary("primary").await;
        start(&primary.0).await;
        let writer = client(primary.1).await;
        ask(&writer, "CREATE TABLE t (n int, filler text)").await;
        let replica = bench.standby("replica_1", primary.1).await;
        start(&replica.0).await;
        let fleet = Self {
            bench,
            primary,
            replica,
            writer,
        };
        fleet.until_streaming().await;
        fleet
    }

    pub(crate) async fn until_streaming(&self) {
        ask_until(
            &self.writer,
            "SELECT state FROM pg_stat_replication",
            "streaming",
        )
        .await;
    }

    pub(crate) fn target(name: &str, id: &str, role: Role, port: u16) -> Target {
        Target {
            address: name.parse().unwrap(),
            resource_id: ResourceId::new(id),
            role,
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port,
            },
            slot: None,
        }
    }

    pub(crate) fn targets(&self) -> (Target, [Target; 1]) {
        (
            Self::target("primary", "primary", Role::Primary, self.primary.1),
            [Self::target(
                "replica-1",
                "replica_1",
                Role::Replica,
                self.replica.1,
            )],
        )
    }

    pub(crate) async fn status(&self) -> (InstanceStatus, InstanceStatus) {
        self.status_as(&boss()).await
    }

    pub(crate) async fn status_as(
        &self,
        credentials: &Credentials,
    ) -> (InstanceStatus, InstanceStatus) {
        let (primary, replicas) = self.targets();
        let seen = status(&primary, &replicas, credentials, &StatusOptions::default()).await;
        let [primary, replica] = seen.try_into().unwrap();
        (primary, replica)
    }

    /// Looks again and again until the replica's status is as wanted.
    pub(crate) async fn status_until(
        &self,
        holds: impl Fn(&InstanceStatus) -> bool,
    ) -> InstanceStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            let (_, replica) = self.status().await;
            if holds(&replica) {
                return replica;
            }
            assert!(Instant::now() < end, "it stays {replica:?}");
        }
    }

    pub(crate) async fn verify(&self, timeout: Duration) -> Verification {
        let (primary, replicas) = self.targets();
        let options = VerifyOptions {
            timeout,
            ..VerifyOptions::default()
        };
        let seen = verify(&primary, &replicas, &boss(), &options).await;
        let [replica] = seen.try_into().unwrap();
        replica
    }

    pub(crate) async fn problem(&self, timeout: Duration) -> String {
        let seen = self.verify(timeout).await;
        assert!(!seen.ok && seen.milliseconds.is_none(), "{seen:?}");
        seen.problem.unwrap()
    }

    pub(crate) async fn write(&self) {
        ask(
            &self.writer,
            "INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 1000) n",
        )
        .await;
    }

    /// The replica's WAL receiver, by number.
    pub(crate) async fn receiver(&self) -> u32 {
        let replica = client(self.replica.1).await;
        ask(&replica, "SELECT pid FROM pg_stat_wal_receiver")
            .await
            .unwrap()
            .parse()
            .unwrap()
    }
}

pub(crate) fn boss() -> Credentials {
    role("boss", PASSWORD)
}

pub(crate) fn role(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: Some(password.into()),
        database: "postgres".to_owned(),
        tls: Tls::disabled(),
    }
}

pub(crate) fn unknown(seen: &InstanceStatus) -> &str {
    match &seen.lag {
        Some(Lag::Unknown(why)) => why,
        other => panic!("the lag is {other:?}"),
    }
}
