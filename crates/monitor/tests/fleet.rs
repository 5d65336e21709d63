//! What is said of a real primary and its replica, in every state that replication can be in.

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

mod support;

use std::time::Duration;

use common::{Bench, PATIENCE, ask, ask_until, client, running, send, start};
use pgfleet_model::{Lag, Role};
use pgfleet_monitor::{Credentials, SslMode, StatusOptions, Tls, VerifyOptions, status, verify};
use pgfleet_postgres::StopMode;
use rustix::process::Signal;
use support::{Fleet, boss, role, unknown};

const WAIT: Duration = Duration::from_secs(30);
const ZERO: Option<Lag> = Some(Lag::Known(Duration::ZERO));
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_healthy_replica_has_the_marker_and_no_lag_that_grows() {
    let fleet = Fleet::new().await;
    let seen = fleet.verify(WAIT).await;
    assert!(
        seen.ok && seen.problem.is_none() && seen.milliseconds.is_some(),
        "{seen:?}"
    );
    // The table is there now, and several may verify at once without meeting each other's marker.
    let many = futures_util::future::join_all((0..8).map(|_| fleet.verify(WAIT))).await;
    assert!(many.iter().all(|seen| seen.ok), "{many:?}");

    // Idle from here on: the lag is nothing, however often and late one looks.
    for _ in 0..5 {
        fleet
            .status_until(|seen| seen.lag == ZERO && seen.lag_bytes == Some(0))
            .await;
    }
    let (primary, replica) = fleet.status().await;
    assert_eq!(
        (primary.role_observed, replica.role_observed),
        (Some(Role::Primary), Some(Role::Replica))
    );
    assert_eq!(
        (&primary.reachable, &primary.lag, primary.streaming),
        (&Ok(()), &None, None)
    );
    assert_eq!(
        (replica.streaming, replica.replay_paused),
        (Some(true), Some(false))
    );
    assert_eq!(replica.wal_receiver.as_deref(), Some("streaming"));
}

#[tokio::test]
async fn a_plain_login_learns_the_lag_but_not_what_it_may_not_see() {
    let fleet = Fleet::new().await;
    ask(&fleet.writer, "CREATE ROLE viewer LOGIN PASSWORD 'v'").await;
    assert!(fleet.verify(WAIT).await.ok);
    let (primary, replica) = fleet.status_as(&role("viewer", "v")).await;
    assert_eq!(primary.reachable, Ok(()));
    assert_eq!(
        (replica.streaming, replica.wal_receiver.clone()),
        (None, None),
        "{replica:?}"
    );
    assert_eq!(replica.lag, ZERO);
}

#[tokio::test]
async fn paused_replay_is_told_at_once_and_is_lag() {
    let fleet = Fleet::new().await;
    assert!(fleet.verify(WAIT).await.ok);
    let replica = client(fleet.replica.1).await;
    ask(&replica, "SELECT pg_wal_replay_pause()").await;
    ask_until(&replica, "SELECT pg_get_wal_replay_pause_state()", "paused").await;
    // Told at once: an hour is not waited for.
    let problem = fleet.problem(Duration::from_secs(3600));
    let problem = tokio::time::timeout(PATIENCE, problem).await.unwrap();
    let remedy = format!(
        "SELECT pg_wal_replay_resume()` on 127.0.0.1:{}",
        fleet.replica.1
    );
    assert!(
        problem.contains("paused") && problem.contains(&remedy),
        "{problem}"
    );

    fleet.write().await;
    let (_, seen) = fleet.status().await;
    assert_eq!(
        (seen.replay_paused, seen.streaming),
        (Some(true), Some(true))
    );
    assert!(seen.lag_bytes > Some(500_000), "{seen:?}");
    assert_ne!(seen.lag, ZERO);

    ask(&replica, "SELECT pg_wal_replay_resume()").await;
    fleet
        .status_until(|seen| seen.lag == ZERO && seen.replay_paused == Some(false))
        .await;
}

#[tokio::test]
async fn a_frozen_receiver_is_behind_though_both_ends_believe_in_it() {
    let fleet = Fleet::new().await;
    assert!(fleet.verify(WAIT).await.ok);
    let receiver = fleet.receiver().await;
    send(receiver, Signal::STOP);
    let problem = fleet.problem(SHORT).await;
    assert!(
        problem.contains("has not replayed the marker after 0.3 s; "),
        "{problem}"
    );
    fleet.write().await;
    let (_, seen) = fleet.status().await;
    assert!(seen.lag_bytes > Some(500_000), "{seen:?}");
    assert!(unknown(&seen).contains("behind by more than"), "{seen:?}");
    send(receiver, Signal::CONT);
    fleet
        .status_until(|seen| seen.lag == ZERO && seen.streaming == Some(true))
        .await;
    assert!(fleet.verify(WAIT).await.ok);
}

#[tokio::test]
async fn a_refused_link_is_no_zero() {
    let fleet = Fleet::new().await;
    let (primary, _) = &fleet.primary;
    let hba = "host replication all all reject\nhost all all 127.0.0.1/32 scram-sha-256\n";
    let path = primary.data().join("pg_hba.conf");
    fleet
        .bench
        .account
        .write_file(&path, hba.as_bytes())
        .unwrap();
    primary.reload().unwrap();
    ask_until(
        &fleet.writer,
        "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'reject'",
        "1",
    )
    .await;
    ask(
        &fleet.writer,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_replication",
    )
    .await;

    let seen = fleet
        .status_until(|seen| seen.streaming == Some(false))
        .await;
    // Nothing was written: it has everything, and is not at zero all the same.
    assert!(unknown(&seen).contains("not streaming"), "{seen:?}");
    let problem = fleet.problem(SHORT).await;
    assert!(problem.starts_with("disconnected: "), "{problem}");
    assert!(problem.contains("after 0.3 s; "), "{problem}");
    fleet.write().await;
    let (_, seen) = fleet.status().await;
    assert!(
        seen.lag_bytes > Some(500_000) && seen.streaming == Some(false),
        "{seen:?}"
    );
    assert_ne!(seen.lag, ZERO);

    fleet.bench.configure(primary, fleet.primary.1, &[]);
    primary.reload().unwrap();
    fleet
        .status_until(|seen| seen.lag == ZERO && seen.streaming == Some(true))
        .await;
}

#[tokio::test]
async fn a_stopped_replica_is_unreachable_and_the_primary_is_not() {
    let fleet = Fleet::new().await;
    fleet.replica.0.stop(StopMode::Fast, WAIT).await.unwrap();
    let (primary, seen) = fleet.status().await;
    assert_eq!(primary.reachable, Ok(()));
    let why = seen.reachable.clone().unwrap_err();
    assert!(
        why.contains(&fleet.replica.1.to_string()) && why.contains("no server listens"),
        "{why}"
    );
    assert_eq!(
        (seen.streaming, seen.lag_bytes, seen.role_observed),
        (None, None, None)
    );
    assert_eq!(unknown(&seen), why);
    assert_eq!(fleet.problem(WAIT).await, why);
}

#[tokio::test]
async fn a_halted_replica_does_not_answer() {
    let fleet = Fleet::new().await;
    let pid = running(&fleet.replica.0);
    send(pid, Signal::STOP);
    let (primary, replicas) = fleet.targets();
    let connect_timeout = Duration::from_millis(200);
    let options = StatusOptions {
        connect_timeout,
        ..StatusOptions::default()
    };
    let seen = status(&primary, &replicas, &boss(), &options).await;
    send(pid, Signal::CONT);
    assert!(
        seen[1]
            .reachable
            .as_ref()
            .unwrap_err()
            .contains("does not answer within 0.2 s")
    );
}

#[tokio::test]
async fn a_promoted_replica_is_no_replica_any_more() {
    let fleet = Fleet::new().await;
    fleet.replica.0.promote(WAIT).await.unwrap();
    let (_, seen) = fleet.status().await;
    assert_eq!(
        (seen.role_observed, seen.streaming),
        (Some(Role::Primary), Some(false))
    );
    assert!(unknown(&seen).contains("takes writes"));
    let problem = fleet.problem(WAIT).await;
    assert!(
        problem.contains("is no replica") && problem.contains("promoted"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_stopped_primary_leaves_every_lag_unknown() {
    let fleet = Fleet::new().await;
    fleet.primary.0.stop(StopMode::Fast, WAIT).await.unwrap();
    let seen = fleet
        .status_until(|seen| seen.streaming == Some(false))
        .await;
    assert_eq!((&seen.reachable, seen.lag_bytes), (&Ok(()), None));
    assert!(
        unknown(&seen).contains("the primary 127.0.0.1:"),
        "{seen:?}"
    );
    let (primary, _) = fleet.status().await;
    assert!(primary.reachable.unwrap_err().contains("no server listens"));
    let problem = fleet.problem(WAIT).await;
    assert!(
        problem.starts_with("no marker could be written: the primary 127.0.0.1:"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_primary_that_is_a_replica_takes_no_marker() {
    let fleet = Fleet::new().await;
    let (mut primary, replicas) = fleet.targets();
    primary.endpoint = replicas[0].endpoint.clone();
    let seen = verify(&primary, &replicas, &boss(), &VerifyOptions::default()).await;
    assert!(
        seen[0]
            .problem
            .as_ref()
            .unwrap()
            .contains("is itself a replica"),
        "{seen:?}"
    );
    let seen = status(&primary, &replicas, &boss(), &StatusOptions::default()).await;
    assert_eq!(
        (seen[0].role_observed, &seen[0].reachable),
        (Some(Role::Replica), &Ok(()))
    );
    assert!(unknown(&seen[1]).contains("is itself a replica"));
}

#[tokio::test]
async fn a_copy_of_another_system_is_recognized() {
    let mut fleet = Fleet::new().await;
    let other = fleet.bench.primary("other").await;
    start(&other.0).await;
    let primary = Fleet::target("primary", "other", Role::Primary, other.1);
    let (_, replicas) = fleet.targets();
    let seen = status(&primary, &replicas, &boss(), &StatusOptions::default()).await;
    assert!(
        unknown(&seen[1]).contains("another database system"),
        "{seen:?}"
    );
    // Far ahead of the other primary, the replica has replayed "past" its marker.
    fleet.write().await;
    fleet.write().await;
    fleet.status_until(|seen| seen.lag == ZERO).await;
    let options = VerifyOptions {
        timeout: SHORT,
        ..VerifyOptions::default()
    };
    let seen = verify(&primary, &replicas, &boss(), &options).await;
    let problem = seen[0].problem.as_ref().unwrap();
    assert!(
        problem.contains("does not have it: it follows another database system"),
        "{problem}"
    );
}

#[tokio::test]
async fn failures_to_log_in_are_explained_without_the_password() {
    let mut bench = Bench::new();
    let (server, port) = bench.primary("one").await;
    start(&server).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let chatty = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let chatty_port = chatty.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = chatty.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
        }
    });
    let why = async |credentials: Credentials, port| {
        let target = Fleet::target("primary", "one", Role::Primary, port);
        let connect_timeout = Duration::from_secs(2);
        let options = StatusOptions {
            connect_timeout,
            ..StatusOptions::default()
        };
        let seen = status(&target, &[], &credentials, &options).await;
        seen[0].reachable.clone().unwrap_err()
    };
    let nobody = Credentials {
        password: None,
        ..boss()
    };
    let elsewhere = Credentials {
        database: "absent".to_owned(),
        ..boss()
    };
    let safe = Credentials {
        tls: Tls::new(SslMode::Require, None).unwrap(),
        ..boss()
    };
    let cases = [
        (
            role("boss", "hush-hush"),
            port,
            "wrong password or no such role",
        ),
        (
            role("stranger", "hush-hush"),
            port,
            "wrong password or no such role",
        ),
        (nobody, port, "asks for the password of the role `boss`"),
        (elsewhere, port, "has no database `absent`"),
        (
            safe,
            port,
            "offers no encryption, and sslmode = \"require\"",
        ),
        (
            boss(),
            silent.local_addr().unwrap().port(),
            "does not answer within 2.0 s",
        ),
        (
            boss(),
            chatty_port,
            "does not answer as a PostgreSQL server does",
        ),
    ];
    for (credentials, port, wanted) in cases {
        let said = why(credentials, port).await;
        assert!(said.contains(wanted), "{said} is not {wanted}");
        assert!(
            said.starts_with(&format!("127.0.0.1:{port} ")) && !said.contains("hush"),
            "{said}"
        );
    }
}
