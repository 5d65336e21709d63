//! The life of real servers, from `initdb` to promotion, and what can get in its way.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

mod common;

use std::{
    fs, net::TcpListener, os::unix::process::CommandExt as _, process::Command, time::Duration,
};

use common::{Bench, ask, ask_until, client, running, send, start, wait_until};
use pgfleet_postgres::{
    BackupProgress, BaseBackup, InitOptions, InstanceLock, StartError, StartOptions, Status,
    StopMode, end_orphan, folder_bytes, orphans,
};
use rustix::process::Signal;

const WAIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_standby_streams_and_is_promoted() {
    let mut bench = Bench::new();
    let (primary, primary_port) = bench.primary("one").await;
    assert_eq!(
        primary.status(),
        Status::Stopped {
            stale_pid_file: false
        }
    );
    start(&primary).await;
    let on_primary = client(primary_port).await;
    assert_eq!(
        ask(&on_primary, "SHOW data_checksums").await.as_deref(),
        Some("on")
    );
    assert_eq!(
        ask(&on_primary, "SHOW server_encoding").await.as_deref(),
        Some("UTF8")
    );
    ask(&on_primary, "CREATE TABLE t AS SELECT 42 AS n").await;

    let (standby, standby_port) = bench.standby("two", primary_port).await;
    assert!(standby.is_marked_standby());
    start(&standby).await;
    ask_until(
        &on_primary,
        "SELECT state FROM pg_stat_replication",
        "streaming",
    )
    .await;
    ask_until(
        &on_primary,
        "SELECT application_name FROM pg_stat_replication",
        "two",
    )
    .await;
    ask_until(
        &on_primary,
        "SELECT active::text FROM pg_replication_slots",
        "true",
    )
    .await;
    let on_standby = client(standby_port).await;
    assert_eq!(
        ask(&on_standby, "SELECT n FROM t").await.as_deref(),
        Some("42")
    );

    let (one, two) = (
        primary.control().await.unwrap(),
        standby.control().await.unwrap(),
    );
    assert_eq!(one.system_identifier, two.system_identifier);
    assert_eq!(
        (one.state.as_str(), two.state.as_str()),
        ("in production", "in archive recovery")
    );
    assert_eq!((one.max_connections, one.timeline), (20, 1));
    assert_eq!(
        primary.data_version().unwrap(),
        primary.installation().version.major
    );
    assert!(folder_bytes(standby.data()).unwrap() > 16 << 20);

    let refused = primary.promote(WAIT).await.unwrap_err().to_string();
    assert!(refused.contains("not in standby mode"), "{refused}");
    standby.promote(WAIT).await.unwrap();
    ask(&on_standby, "INSERT INTO t VALUES (43)").await;
    assert!(!standby.is_marked_standby());
    for server in [&primary, &standby] {
        assert_eq!(
            server.stop(StopMode::Fast, WAIT).await.unwrap(),
            StopMode::Fast
        );
        assert_eq!(
            server.stop(StopMode::Fast, WAIT).await.unwrap(),
            StopMode::Fast
        );
        assert_eq!(
            server.status(),
            Status::Stopped {
                stale_pid_file: false
            }
        );
    }
    assert_eq!(primary.control().await.unwrap().state, "shut down");
}

#[tokio::test]
async fn a_copy_tells_its_progress_and_says_why_it_fails() {
    let mut bench = Bench::new();
    let (primary, port) = bench.primary("one").await;
    start(&primary).await;
    let (copy, _) = bench.server("copy");
    let (tell, told) = std::sync::mpsc::channel::<BackupProgress>();
    let backup = |slot: &str, progress| BaseBackup {
        source: bench.conninfo(port, "copy"),
        slot: Some(slot.to_owned()),
        create_slot: false,
        lock: None,
        progress,
    };
    let error = copy
        .basebackup(backup("missing", None))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("replication slot \"missing\" does not exist"),
        "{error}"
    );
    assert_eq!(copy.status(), Status::NoData);

    ask(
        &client(port).await,
        "SELECT pg_create_physical_replication_slot('there')",
    )
    .await;
    let progress = Box::new(move |far| tell.send(far).unwrap());
    copy.basebackup(backup("there", Some(progress)))
        .await
        .unwrap();
    let last = told.iter().last().unwrap();
    assert!(last.done == last.total && last.total > 1 << 20, "{last:?}");
}

#[tokio::test]
async fn a_killed_server_starts_again() {
    let mut bench = Bench::new();
    let (server, port) = bench.primary("one").await;
    let first = start(&server).await;
    ask(&client(port).await, "CREATE TABLE t AS SELECT 42 AS n").await;
    send(first, Signal::KILL);
    wait_until("the server is dead", || {
        !matches!(server.status(), Status::Running { .. })
    });
    assert_eq!(
        server.status(),
        Status::Stopped {
            stale_pid_file: true
        }
    );
    assert_ne!(start(&server).await, first);
    assert_eq!(
        ask(&client(port).await, "SELECT n FROM t").await.as_deref(),
        Some("42")
    );
    // It leads a session of its own, out of reach of our terminal. Ours is not asked for: it has
    // no number where its leader lives outside of our process namespace (a container).
    let pid = rustix::process::Pid::from_raw(i32::try_from(running(&server)).unwrap());
    assert_eq!(rustix::process::getsid(pid).unwrap(), pid.unwrap());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_number_of_a_dead_server_may_belong_to_another_process() {
    let mut bench = Bench::new();
    let (server, _) = bench.primary("one").await;
    let pid = start(&server).await;
    let pid_file = server.data().join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    send(pid, Signal::KILL);
    wait_until("the server is dead", || {
        !matches!(server.status(), Status::Running { .. })
    });
    // A process of the same user, which PostgreSQL itself would take for the server.
    let mut command = Command::new("cat");
    command.stdin(std::process::Stdio::piped()).current_dir("/");
    if rustix::process::geteuid().is_root() {
        command.uid(bench.account.uid());
    }
    let mut other = command.spawn().unwrap();
    fs::write(
        &pid_file,
        text.replacen(&pid.to_string(), &other.id().to_string(), 1),
    )
    .unwrap();
    assert_eq!(
        server.status(),
        Status::Stopped {
            stale_pid_file: true
        }
    );
    assert_ne!(start(&server).await, other.id());
    assert!(other.try_wait().unwrap().is_none(), "a stranger was ended");
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[tokio::test]
async fn a_halted_server_counts_as_running_and_stops() {
    let mut bench = Bench::new();
    let (server, _) = bench.primary("one").await;
    let pid = start(&server).await;
    send(pid, Signal::STOP);
    assert_eq!(server.status(), Status::Running { pid, ready: true });
    server.restart(&StartOptions::default()).await.unwrap();
    assert_ne!(running(&server), pid);
    server.reload().unwrap();
    send(running(&server), Signal::STOP);
    server.stop(StopMode::Fast, WAIT).await.unwrap();
    assert_eq!(
        server.status(),
        Status::Stopped {
            stale_pid_file: false
        }
    );
    assert!(server.reload().is_err());
}

#[tokio::test]
async fn a_client_that_stays_is_stopped_harder() {
    let mut bench = Bench::new();
    let (server, port) = bench.primary("one").await;
    start(&server).await;
    let _client = client(port).await;
    let ended = server
        .stop(StopMode::Smart, Duration::from_millis(300))
        .await
        .unwrap();
    assert_ne!(ended, StopMode::Smart);
    assert!(matches!(server.status(), Status::Stopped { .. }));
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_start_is_told() {
    let mut bench = Bench::new();
    let (server, _) = bench.primary("one").await;
    let (missing, _) = bench.server("two");
    let start = async |settings: &[(&str, &str)]| {
        let settings = settings
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        server
            .start(
                &StartOptions {
                    settings,
                    wait: WAIT,
                },
                None,
            )
            .await
            .unwrap_err()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let error = start(&[("port", &taken.to_string())]).await;
    assert!(
        matches!(error, StartError::PortTaken { port } if port == taken),
        "{error:?}"
    );
    let error = start(&[("max_connections", "it's wrong")]).await;
    assert!(
        matches!(&error, StartError::BadConfig { log } if log.contains("it's wrong")),
        "{error:?}"
    );
    assert!(matches!(
        missing.start(&StartOptions::default(), None).await,
        Err(StartError::NoData(path)) if path == missing.data()
    ));
    assert_eq!(
        server.status(),
        Status::Stopped {
            stale_pid_file: false
        }
    );
}

#[tokio::test]
async fn a_failing_statement_is_told_without_what_it_holds() {
    let mut bench = Bench::new();
    let (server, _) = bench.primary("one").await;
    let statements = [
        "CREATE ROLE x",
        "CREATE ROLE x PASSWORD 'hush'",
        "CREATE ROLE never",
    ];
    let error = server
        .single_user("postgres", &statements)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("role \"x\" already exists") && !error.contains("hush"),
        "{error}"
    );
    assert!(
        server
            .single_user("postgres", &["SELECT 1\nSELECT 2"])
            .await
            .is_err()
    );
    server
        .single_user("postgres", &["CREATE ROLE never"])
        .await
        .unwrap();
    let error = server
        .single_user("absent", &["SELECT 1"])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("database \"absent\" does not exist"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_without_its_folder_is_found_and_ended() {
    let mut bench = Bench::new();
    let (kept, _) = bench.primary("kept").await;
    let (gone, _) = bench.primary("gone").await;
    let kept_pid = start(&kept).await;
    let pid = start(&gone).await;
    let root = bench.folder("");
    assert_eq!(orphans(&root), []);
    fs::remove_dir_all(bench.folder("gone")).unwrap();
    let found = orphans(&root);
    let [orphan] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((orphan.pid, orphan.data.as_path()), (pid, gone.data()));
    assert!(orphan.command_line.contains(gone.data().to_str().unwrap()));
    assert_eq!(orphans(&bench.folder("kept")), []);
    send(pid, Signal::STOP);
    end_orphan(orphan).await.unwrap();
    assert_eq!(orphans(&root), []);
    end_orphan(orphan).await.unwrap();
    assert_eq!(running(&kept), kept_pid);
}

#[tokio::test]
async fn a_cancelled_call_ends_its_children_and_frees_the_lock() {
    let mut bench = Bench::new();
    let (server, _) = bench.server("one");
    let lock_path = bench.folder("lock");
    let lock = InstanceLock::try_acquire(&lock_path).unwrap().unwrap();
    let shared = lock.share().unwrap();
    let work = server.initdb(InitOptions {
        superuser: "boss".to_owned(),
        lock: Some(shared),
    });
    let mut work = Box::pin(work);
    drop(lock);
    // Into the work, so far that its folder is there.
    let end = tokio::time::Instant::now() + WAIT;
    while !server.data().join("base").is_dir() {
        assert!(tokio::time::Instant::now() < end, "initdb did not begin");
        let _ = tokio::time::timeout(Duration::from_millis(1), &mut work).await;
    }
    assert!(InstanceLock::is_held(&lock_path));
    drop(work);
    wait_until("the lock is free", || !InstanceLock::is_held(&lock_path));
}
