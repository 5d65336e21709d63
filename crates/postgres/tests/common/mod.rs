//! Servers for the tests, which end with the test, however it ends.

#[path = "../../../../tests/src/ports.rs"]
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
mod ports;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use pgfleet_postgres::{
    Account, BaseBackup, ConnInfo, InitOptions, Installation, Server, StartOptions, Status,
    passfile_line, sql_literal, write_config,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longest that any condition is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The password of every role.
pub(crate) const PASSWORD: &str = "it's a:secret\\";

/// A temporary folder with servers in it, all of which end when this is dropped.
pub(crate) struct Bench {
    pub(crate) root: TempDir,
    pub(crate) account: Account,
    pub(crate) servers: Vec<(Server, u16)>,
    ports: ports::Ports,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        Self {
            root,
            account,
            servers: Vec::new(),
            ports: ports::Ports::lease(),
        }
    }

    /// A handle on a server that does not exist yet, and its port.
    pub(crate) fn server(&mut self, name: &str) -> (Server, u16) {
        let folder = self.folder(name);
        self.account.create_folder(&folder).unwrap();
        let installation = Installation::discover(None).unwrap();
        let server = Server::new(
            installation,
            self.account.clone(),
            folder.join("data"),
            folder.join("server.log"),
        );
        let number = u16::try_from(self.servers.len()).unwrap();
        let port = self.ports.nth(number);
        self.servers.push((server.clone(), port));
        (server, port)
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.root.path())
            .unwrap()
            .join("servers")
            .join(name)
    }

    /// A server with a data folder and the role `boss`, not started.
    pub(crate) async fn primary(&mut self, name: &str) -> (Server, u16) {
        let (server, port) = self.server(name);
        server
            .initdb(InitOptions {
                superuser: "boss".to_owned(),
                lock: None,
            })
            .await
            .unwrap();
        self.configure(&server, port, &[]);
        let password = format!("ALTER ROLE boss PASSWORD {}", sql_literal(PASSWORD));
        server.single_user("postgres", &[&password]).await.unwrap();
        (server, port)
    }

    /// A copy of a running server over a slot that is made for it, not started.
    pub(crate) async fn standby(&mut self, name: &str, source_port: u16) -> (Server, u16) {
        let (server, port) = self.server(name);
        let source = self.conninfo(source_port, name);
        let backup = BaseBackup {
            source: source.clone(),
            slot: Some(name.to_owned()),
            create_slot: true,
            lock: None,
            progress: None,
        };
        server.basebackup(backup).await.unwrap();
        let conninfo = source.to_conninfo();
        self.configure(
            &server,
            port,
            &[("primary_conninfo", &conninfo), ("primary_slot_name", name)],
        );
        server.mark_standby().unwrap();
        (server, port)
    }

    pub(crate) fn conninfo(&self, port: u16, application: &str) -> ConnInfo {
        let passfile = self.folder("passfile");
        let line = passfile_line("127.0.0.1", "*", "*", "boss", PASSWORD).unwrap();
        self.account
            .write_file(&passfile, format!("{line}\n").as_bytes())
            .unwrap();
        ConnInfo {
            host: "127.0.0.1".to_owned(),
            port,
            user: "boss".to_owned(),
            passfile: Some(passfile),
            parameters: vec![("application_name".to_owned(), application.to_owned())],
        }
    }

    pub(crate) fn configure(&self, server: &Server, port: u16, more: &[(&str, &str)]) {
        let hba = "host all all 127.0.0.1/32 scram-sha-256\n\
                   host replication all 127.0.0.1/32 scram-sha-256\n";
        self.configure_with_hba(server, port, more, hba);
    }

    pub(crate) fn configure_with_hba(
        &self,
        server: &Server,
        port: u16,
        more: &[(&str, &str)],
        hba: &str,
    ) {
        let port = port.to_string();
        let mut settings = vec![
            ("port", port.as_str()),
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("wal_retrieve_retry_interval", "100ms"),
            ("shared_buffers", "16MB"),
            ("max_connections", "20"),
            // The tests end servers in every way but by cutting the power.
            ("fsync", "off"),
        ];
        settings.extend(more);
        write_config(
            &self.account,
            &server.data().join("postgresql.conf"),
            &settings,
        )
        .unwrap();
        self.account
            .write_file(&server.data().join("pg_hba.conf"), hba.as_bytes())
            .unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for (server, _) in &self.servers {
            if let Status::Running { pid, .. } = server.status() {
                send(pid, Signal::QUIT);
                send(pid, Signal::CONT);
                wait_quietly(|| !matches!(server.status(), Status::Running { .. }));
            }
        }
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    // It may be gone already, which is what most callers want.
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal);
}

fn wait_quietly(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Waits until something holds; fails the test where it does not come to that.
pub(crate) fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    assert!(wait_quietly(holds), "waited in vain until {what}");
}

pub(crate) fn running(server: &Server) -> u32 {
    match server.status() {
        Status::Running { pid, .. } => pid,
        other => panic!("not running but {other:?}"),
    }
}

pub(crate) async fn start(server: &Server) -> u32 {
    server.start(&StartOptions::default(), None).await.unwrap();
    running(server)
}

pub(crate) async fn client(port: u16) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(port)
        .user("boss")
        .password(PASSWORD)
        .dbname("postgres")
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// The first column of the first row, as text.
pub(crate) async fn ask(client: &tokio_postgres::Client, sql: &str) -> Option<String> {
    for message in client.simple_query(sql).await.unwrap() {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            return row.get(0).map(str::to_owned);
        }
    }
    None
}

/// Asks again and again until the answer is the wanted one.
pub(crate) async fn ask_until(client: &tokio_postgres::Client, sql: &str, wanted: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask(client, sql).await;
        if answer.as_deref() == Some(wanted) {
            return;
        }
        assert!(
            Instant::now() < end,
            "`{sql}` stays {answer:?}, not {wanted}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
