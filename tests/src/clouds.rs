//! Simulated clouds under test: one simulator that serves them all, and runs of the binary on it.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use pgfleet_simulator::{Builder, Clock, Control, Fault, FaultEffect, Record, Simulator};
use rustix::process::Signal;

use crate::{Doomed, Machine, Ran, Running, Served, send};

/// The password of every primary made here; nothing may show or keep it.
pub const PASSWORD: &str = "Planted-passw0rd";

/// A cloud that is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Amazon RDS.
    Aws,
    /// Azure Flexible Server.
    Azure,
    /// Google Cloud SQL.
    Gcp,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Aws, Self::Azure, Self::Gcp];

    /// As plan files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        }
    }

    /// The size of the primary in its plan file, and one that is twice as large.
    pub fn sizes(self) -> [&'static str; 2] {
        match self {
            Self::Aws => ["db.m5.large", "db.m5.xlarge"],
            Self::Azure => ["Standard_D2ds_v5", "Standard_D4ds_v5"],
            Self::Gcp => ["db-custom-2-7680", "db-custom-4-15360"],
        }
    }

    /// The name of its plan file.
    pub fn file(self) -> String {
        format!("{}.toml", self.name())
    }

    /// A plan file of the fleet `truck-VENDOR`, with so many replicas.
    pub fn plan(self, replicas: usize) -> String {
        let [size, _] = self.sizes();
        let (region, gib, table) = match self {
            Self::Aws => ("us-east-1", 100, ""),
            Self::Azure => (
                "eastus2",
                128,
                "[azure]\nsubscription = '00000000-0000-0000-0000-000000000001'\n\
                 resource_group = 'food'\n",
            ),
            Self::Gcp => ("us-east1", 100, "[gcp]\nproject = 'food'\n"),
        };
        let name = self.name();
        format!(
            "fleet = 'truck-{name}'\nprovider = '{name}'\nregion = '{region}'\n\
             [primary]\nsize = '{size}'\nstorage = {{ gib = {gib} }}\n\
             password = {{ env = 'TRUCK_PASSWORD' }}\n\
             [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n{table}"
        )
    }
}

/// Who is killed after which change.
#[derive(Default)]
struct Doom {
    after: AtomicU64,
    pid: Mutex<Option<u32>>,
}

/// The simulated clouds, and a folder of plan files.
pub struct Clouds {
    /// The folder.
    pub machine: Machine,
    simulator: Served,
    doom: Arc<Doom>,
}

impl Clouds {
    /// Empty clouds whose time goes by this clock.
    pub fn new(clock: Clock) -> Self {
        Self::of(Simulator::builder().clock(clock))
    }

    /// Clouds with options of their own.
    pub fn of(builder: Builder) -> Self {
        let doom = Arc::new(Doom::default());
        let watched = Arc::clone(&doom);
        let builder = builder.after_effect(move |number, _| {
            if number == watched.after.load(Ordering::SeqCst)
                && let Some(pid) = watched.pid.lock().unwrap().take()
            {
                send(pid, Signal::KILL);
            }
        });
        Self {
            machine: Machine::new(),
            simulator: Served::start(builder),
            doom,
        }
    }

    /// The simulator's switches.
    pub fn control(&self) -> &Control {
        self.simulator.control()
    }

    /// Writes the plan file of a fleet with so many replicas.
    pub fn write(&self, vendor: Vendor, replicas: usize) {
        let path = self.machine.path().join(vendor.file());
        fs::write(path, vendor.plan(replicas)).unwrap();
    }

    /// Any program, with the clouds as its endpoints, no credentials but planted ones, and a home
    /// of its own.
    pub fn at_home(&self, mut command: Command) -> Command {
        let endpoint = self.simulator.endpoint();
        command
            .current_dir(self.machine.path())
            .env("HOME", self.machine.path())
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "planted-key")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", &endpoint)
            .env("AZURE_RESOURCE_MANAGER_ENDPOINT", &endpoint)
            .env("TRUCK_PASSWORD", PASSWORD);
        command
    }

    /// The binary in that environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.at_home(self.machine.command(arguments))
    }

    /// The certificate of the authority that clients must trust, where the clouds are served over TLS.
    pub fn authority_pem(&self) -> Option<&str> {
        self.simulator.authority_pem()
    }

    /// Where the clouds are.
    pub fn endpoint(&self) -> String {
        self.simulator.endpoint()
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.machine.start_command(self.command(arguments))
    }

    /// Applies plan files.
    pub fn apply(&self, files: &[&str]) -> Ran {
        self.run(&[&["apply", "--auto-approve"], files].concat())
    }

    /// The actions that a run asked for.
    pub fn asked(&self, arguments: &[&str], code: i32) -> Vec<String> {
        let records = self.records(arguments, code);
        records.into_iter().map(|record| record.action).collect()
    }

    /// The requests of a run.
    pub fn records(&self, arguments: &[&str], code: i32) -> Vec<Record> {
        let before = usize::try_from(self.control().request_count()).unwrap();
        self.run(arguments).exits(code);
        self.control().requests()[before..].to_vec()
    }

    /// Whether no instance of the fleet is there.
    pub fn is_empty(&self, vendor: Vendor) -> bool {
        let plan = ["plan", &vendor.file(), "--format", "json"];
        let plan = self.run(&plan).exits(0).json();
        let changes = plan["fleets"][0]["changes"].as_array().unwrap();
        changes.iter().all(|change| change["action"] == "create")
    }

    /// Refuses requests of this action for a while.
    pub fn refuse(&self, action: &str, status: u16, code: &str, times: u64) {
        let effect = FaultEffect::Error {
            status,
            code: code.to_owned(),
            message: "not now".to_owned(),
        };
        let fault = Fault::new(effect).on(action).times(times);
        self.control().fault(fault);
    }

    /// Starts an apply that tells its events, to be struck by a signal.
    pub fn doomed(&self, files: &[&str]) -> Doomed {
        let command = self.command(&[&["apply"], files].concat());
        Doomed::spawn(&self.machine, command)
    }

    /// Starts an apply that is killed right after its nth change, before it is answered.
    pub fn killed_after(&self, change: u64, files: &[&str]) -> Ran {
        self.verb_killed_after("apply", change, files)
    }

    /// The same of another verb.
    pub fn verb_killed_after(&self, verb: &str, change: u64, files: &[&str]) -> Ran {
        let run = self.start(&[&[verb, "--auto-approve"], files].concat());
        *self.doom.pid.lock().unwrap() = Some(run.pid());
        self.doom.after.store(change, Ordering::SeqCst);
        let ran = run.wait();
        self.doom.after.store(0, Ordering::SeqCst);
        ran
    }

    /// Fails the test unless the plan is empty, and the cloud holds exactly the primary and so many
    /// replicas of the fleet, and no secret.
    #[track_caller]
    pub fn is_whole(&self, vendor: Vendor, replicas: usize) {
        let plan = ["plan", &vendor.file(), "--format", "json"];
        let plan = self.run(&plan).exits(0);
        let fleet = plan.json()["fleets"][0].clone();
        let wanted = replicas + 1;
        let changes = fleet["changes"].as_array().unwrap();
        assert!(
            changes.iter().all(|change| change["action"] == "noop") && changes.len() == wanted,
            "{plan}"
        );
        assert_eq!(fleet["drift"].as_array().unwrap().len(), 0, "{plan}");
        let state = self.control().state().to_string().to_lowercase();
        assert!(!state.contains("planted"), "a secret is kept");
    }

    /// What has been deleted so far.
    pub fn deletions(&self) -> Vec<Record> {
        let records = self.control().requests().into_iter();
        records
            .filter(|record| record.effect && record.action.to_lowercase().contains("delete"))
            .collect()
    }
}

impl std::fmt::Debug for Clouds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clouds").finish_non_exhaustive()
    }
}

/// Makes a test of each function for each simulated cloud, in a module named after it. The functions take
/// a [`Vendor`].
#[macro_export]
macro_rules! on_each_cloud {
    ($($test:ident),* $(,)?) => {
        mod aws {
            $(#[test] fn $test() { super::$test($crate::Vendor::Aws); })*
        }
        mod azure {
            $(#[test] fn $test() { super::$test($crate::Vendor::Azure); })*
        }
        mod gcp {
            $(#[test] fn $test() { super::$test($crate::Vendor::Gcp); })*
        }
    };
}

/// Calls the function with each number below `end`, several at a time: what waits for a cloud
/// leaves the processor to others.
pub fn side_by_side(end: usize, work: impl Fn(usize) + Sync) {
    const WORKERS: usize = 6;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(end) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= end {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}
