//! A fleet: its plan file as the test wants it now, and its servers.

use std::{fmt::Write as _, fs};

use serde_json::Value;

use crate::{
    Machine, Ran, Running, Server, Sql,
    sql::Login,
    wait::{PATIENCE, comes_true},
};

/// A plan file on a machine. It is written anew at each run, so a changed copy is a changed plan.
#[derive(Debug, Clone)]
pub struct Fleet<'m> {
    machine: &'m Machine,
    name: String,
    port: Option<u16>,
    replicas: Vec<String>,
    protected: bool,
    top: String,
    primary: String,
    end: String,
    data_dir: String,
    password: Option<String>,
    env: Vec<(String, String)>,
}

impl<'m> Fleet<'m> {
    pub(crate) fn new(machine: &'m Machine, name: &str) -> Self {
        Self {
            machine,
            name: name.to_owned(),
            port: Some(machine.port(0)),
            replicas: Vec::new(),
            protected: false,
            top: String::new(),
            primary: String::new(),
            end: String::new(),
            data_dir: machine.data().display().to_string(),
            password: None,
            env: Vec::new(),
        }
    }

    /// The one unnamed group has this many replicas.
    #[must_use]
    pub fn replicas(mut self, count: usize) -> Self {
        self.replicas = vec![format!("count = {count}")];
        self
    }

    /// One more group, as it stands in the plan file.
    #[must_use]
    pub fn group(mut self, text: &str) -> Self {
        self.replicas.push(text.to_owned());
        self
    }

    /// No group at all.
    #[must_use]
    pub fn no_groups(mut self) -> Self {
        self.replicas.clear();
        self
    }

    /// `port` in `[local]`; `None`: left out.
    #[must_use]
    pub fn on_port(mut self, port: Option<u16>) -> Self {
        self.port = port;
        self
    }

    /// Leaves `deletion` at its default.
    #[must_use]
    pub fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    /// Lines before the first table, such as tags.
    #[must_use]
    pub fn top(mut self, text: &str) -> Self {
        text.clone_into(&mut self.top);
        self
    }

    /// Lines in `[primary]`.
    #[must_use]
    pub fn in_primary(mut self, text: &str) -> Self {
        text.clone_into(&mut self.primary);
        self
    }

    /// Lines at the end of the file.
    #[must_use]
    pub fn at_the_end(mut self, text: &str) -> Self {
        text.clone_into(&mut self.end);
        self
    }

    /// Another data folder than the machine's.
    #[must_use]
    pub fn data_dir(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.data_dir);
        self
    }

    /// The password that the plan gives the administrator, for the test's own connections.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// A variable in the environment of every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The plan file.
    pub fn toml(&self) -> String {
        let mut text = format!("fleet = \"{}\"\nprovider = \"local\"\n", self.name);
        let _ = writeln!(text, "{}\n[primary]", self.top);
        let _ = writeln!(text, "database = \"{}\"\n{}", self.name, self.primary);
        for group in &self.replicas {
            let _ = writeln!(text, "[[replicas]]\n{group}\n");
        }
        let _ = writeln!(text, "[local]\ndata_dir = \"{}\"", self.data_dir);
        if let Some(port) = self.port {
            let _ = writeln!(text, "port = {port}");
        }
        if !self.protected {
            text.push_str("\n[protect]\ndeletion = false\n");
        }
        text.push_str(&self.end);
        text
    }

    /// Writes the plan file, and returns its name in the machine's folder.
    pub fn write(&self) -> String {
        let name = format!("{}.toml", self.name);
        fs::write(self.machine.path().join(&name), self.toml()).unwrap();
        name
    }

    /// Runs a verb on the plan file.
    pub fn run(&self, verb: &str, flags: &[&str]) -> Ran {
        self.start(verb, flags).wait()
    }

    /// Starts a verb on the plan file.
    pub fn start(&self, verb: &str, flags: &[&str]) -> Running {
        let file = self.write();
        let arguments = [&[verb, &file], flags].concat();
        let mut command = self.machine.command(&arguments);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        self.machine.start_command(command)
    }

    /// Applies the plan, which must succeed.
    #[track_caller]
    pub fn apply(&self) -> Ran {
        self.run("apply", &["--auto-approve"]).exits(0)
    }

    /// Destroys the fleet, which must succeed.
    #[track_caller]
    pub fn destroy(&self) -> Ran {
        self.run("destroy", &["--auto-approve"]).exits(0)
    }

    /// The plan of the one fleet as JSON, and the whole document's summary in `summary`.
    #[track_caller]
    pub fn plan(&self) -> Value {
        let document = self.run("plan", &["--format", "json"]).json();
        let mut fleet = document["fleets"][0].clone();
        fleet["summary"] = document["summary"].clone();
        fleet
    }

    /// What the plan would do: `action address reason,reason`, no-ops left out.
    #[track_caller]
    pub fn changes(&self) -> Vec<String> {
        let plan = self.plan();
        let changes = plan["changes"].as_array().unwrap().iter();
        changes
            .filter(|change| change["action"] != "noop")
            .map(|change| {
                let reasons = change["reasons"].as_array().unwrap().iter();
                let reasons: Vec<&str> = reasons.filter_map(Value::as_str).collect();
                let word = |name: &str| change[name].as_str().unwrap().to_owned();
                format!(
                    "{} {} {}",
                    word("action"),
                    word("address"),
                    reasons.join(",")
                )
            })
            .collect()
    }

    /// The codes of the plan's checks that refuse.
    #[track_caller]
    pub fn refusals(&self) -> Vec<String> {
        let plan = self.plan();
        let checks = plan["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["severity"] == "error")
            .map(|check| check["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Fails the test unless the plan is empty.
    #[track_caller]
    pub fn is_as_planned(&self) {
        self.run("plan", &["--detailed-exitcode"]).exits(0);
    }

    /// The primary, under its derived name.
    pub fn primary(&self) -> Server {
        self.machine.server(&format!("{}-primary", self.name))
    }

    /// A replica of the unnamed group, under its derived name.
    pub fn replica(&self, number: usize) -> Server {
        self.machine
            .server(&format!("{}-replica-{number}", self.name))
    }

    pub(crate) fn login(&self) -> Login {
        let password = self.password.clone().unwrap_or_else(|| {
            let line = fs::read_to_string(self.primary().folder.join("admin.pgpass")).unwrap();
            line.trim().rsplit(':').next().unwrap().to_owned()
        });
        Login {
            user: "postgres".to_owned(),
            password,
            database: self.name.clone(),
        }
    }

    /// Connects to one of its servers as the administrator.
    #[track_caller]
    pub fn sql(&self, server: &Server) -> Sql {
        self.try_sql(server)
            .unwrap_or_else(|error| panic!("{}: {error}", server.folder.display()))
    }

    /// Tries to connect to one of its servers as the administrator.
    ///
    /// # Errors
    /// The server refuses.
    pub fn try_sql(&self, server: &Server) -> Result<Sql, String> {
        Sql::open(server.port(), &self.login())
    }

    /// The slots on its primary, in order.
    #[track_caller]
    pub fn slots(&self) -> Vec<String> {
        self.sql(&self.primary())
            .column("SELECT slot_name FROM pg_replication_slots ORDER BY slot_name COLLATE \"C\"")
    }

    /// Fails the test unless exactly these replicas stream, each over a slot of its own.
    #[track_caller]
    pub fn streams_to(&self, replicas: &[&str]) {
        let ids: Vec<String> = replicas
            .iter()
            .map(|replica| format!("{}-{replica}", self.name))
            .collect();
        self.streams_to_ids(&ids);
    }

    /// The same by identifiers.
    #[track_caller]
    pub fn streams_to_ids(&self, ids: &[String]) {
        let primary = self.sql(&self.primary());
        let slots: Vec<String> = ids
            .iter()
            .map(|id| format!("pgfleet_{}", id.replace('-', "_")))
            .collect();
        assert_eq!(self.slots(), slots, "slots");
        let mut streaming = Vec::new();
        let came = comes_true(PATIENCE, || {
            streaming = primary.column(
                "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming' \
                 ORDER BY application_name COLLATE \"C\"",
            );
            streaming == ids
        });
        assert!(came, "{streaming:?} stream, and not {ids:?}");
    }

    /// Fails the test unless a question has this answer on each of these replicas, at the latest
    /// when they have replayed all that the primary holds now.
    #[track_caller]
    pub fn all_answer(&self, replicas: usize, question: &str, answer: &str) {
        let primary = self.sql(&self.primary());
        let position = primary.text("SELECT pg_current_wal_flush_lsn()");
        for number in 1..=replicas {
            let replica = self.sql(&self.replica(number));
            let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
            replica.until(&reached, "t");
            assert_eq!(replica.text(question), answer, "on replica-{number}");
        }
    }
}
