//! Fleets on a simulated cloud that takes its time for every request, whichever cloud it is.

use std::{
    fs,
    process::{Command, Stdio},
};

use pgfleet_provider::{Provider, Scope};
use pgfleet_simulator::Control;
use pgfleet_tests::{Machine, Served};
use tokio::runtime;

use super::{
    figure::{Figure, Reference, Runs, milliseconds},
    process::peak_of,
};

/// How long every request takes, in milliseconds.
pub(crate) const LATENCY: u64 = 50;
const LATENCY_MS: f64 = 50.0;
const RUNS: usize = 5;
const FLEETS: usize = 200;
/// Replicas where they are made one after the other.
pub(crate) const REPLICAS: usize = 2;
/// The rounds of requests, each after the one before it, of an apply from nothing there: the list;
/// a creation and a look at its operation for the primary and each replica; and the last list.
pub(crate) const ONE_BY_ONE: f64 = 4.0 + 2.0 * 2.0;
/// The variable that has the administrator's password.
pub(crate) const PASSWORD: &str = "BENCH_PASSWORD";

/// A simulated cloud, whose instances are ready at once.
pub(crate) struct Cloud {
    pub(crate) simulated: Served,
    pub(crate) name: &'static str,
    /// What leads the vendor's SDK there.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// As plan files name it.
    pub(crate) provider: &'static str,
    /// A plan file for a fleet of this name with so many replicas, and no protection.
    pub(crate) plan: fn(&str, usize) -> String,
    /// Sets how long every request takes, in milliseconds.
    pub(crate) set_latency: fn(&Control, u64),
    /// Lists everything that there is, page by page, with the vendor's SDK alone.
    pub(crate) list: Box<dyn Fn()>,
    /// Replicas of the fleet that is made from nothing.
    pub(crate) replicas: usize,
    /// How many rounds of requests, each after the one before it, an apply from nothing takes.
    pub(crate) rounds: f64,
    /// How many times as long as these rounds the apply may take.
    pub(crate) ratio: f64,
}

/// Lists all that a provider shows of a scope.
pub(crate) fn lister(provider: impl Provider + 'static, scope: Scope) -> Box<dyn Fn()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    Box::new(move || {
        let listed = runtime.block_on(provider.observe(&scope)).unwrap();
        assert!(!listed.instances().is_empty());
    })
}

impl Cloud {
    pub(crate) fn latency(&self, milliseconds: u64) {
        (self.set_latency)(self.simulated.control(), milliseconds);
    }

    /// Leads a command to this cloud, and silences it.
    pub(crate) fn lead(&self, command: &mut Command) {
        let environment = self.environment.iter();
        command
            .envs(environment.map(|(name, value)| (*name, value.as_str())))
            .env(PASSWORD, "Bench-passw0rd")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    }

    fn command(&self, machine: &Machine, arguments: &[&str]) -> Command {
        let mut command = machine.command(arguments);
        self.lead(&mut command);
        command
    }

    fn run(&self, machine: &Machine, arguments: &[&str]) {
        let status = self.command(machine, arguments).status().unwrap();
        assert!(status.success(), "{arguments:?} failed on {}", self.name);
    }
}

pub(crate) fn figures(cloud: &Cloud) -> Vec<Figure> {
    let mut figures = one_fleet(cloud);
    figures.extend(many_fleets(cloud));
    figures
}

/// A fleet from nothing, and with nothing to change.
fn one_fleet(cloud: &Cloud) -> Vec<Figure> {
    let machine = Machine::new();
    let replicas = cloud.replicas;
    let text = (cloud.plan)("truck", replicas);
    fs::write(machine.path().join("truck.toml"), text).unwrap();
    let apply = ["apply", "truck.toml", "--auto-approve"];
    let destroy = ["destroy", "truck.toml", "--auto-approve"];
    let made = Runs::of(RUNS, || {
        cloud.latency(LATENCY);
        let took = milliseconds(|| cloud.run(&machine, &apply));
        cloud.latency(0);
        cloud.run(&machine, &destroy);
        took
    });
    cloud.run(&machine, &apply);
    cloud.latency(LATENCY);
    let planned = Runs::of(RUNS, || {
        milliseconds(|| cloud.run(&machine, &["plan", "truck.toml", "--detailed-exitcode"]))
    });
    cloud.latency(0);
    cloud.run(&machine, &destroy);
    let figure = |what: &str, runs, rounds: f64, ratio| Figure {
        what: format!("{}, {LATENCY} ms a request: {what}", cloud.name),
        unit: "ms",
        runs,
        reference: Reference::Bound(rounds * LATENCY_MS),
        ratio,
    };
    vec![
        figure(
            &format!("plan, nothing to change, 1 + {replicas}"),
            planned,
            1.0,
            1.5,
        ),
        figure(
            &format!("apply of 1 + {replicas} from nothing"),
            made,
            cloud.rounds,
            cloud.ratio,
        ),
    ]
}

/// Two hundred plan files of one account, which are planned from one listing.
fn many_fleets(cloud: &Cloud) -> Vec<Figure> {
    let machine = Machine::new();
    let folder = machine.path().join("fleets");
    fs::create_dir(&folder).unwrap();
    for number in 0..FLEETS {
        let name = format!("fleet-{number}");
        fs::write(folder.join(format!("{name}.toml")), (cloud.plan)(&name, 5)).unwrap();
    }
    cloud.latency(0);
    let once = |arguments: &[&str]| Runs::from(vec![peak_of(cloud.command(&machine, arguments))]);
    let saving = once(&["plan", "fleets", "--out", "saved.json"]);
    let saved = once(&["apply", "saved.json"]);
    cloud.run(&machine, &["destroy", "fleets", "--auto-approve"]);
    let making = once(&["apply", "fleets", "--auto-approve"]);
    cloud.latency(LATENCY);
    let arguments = ["plan", "fleets", "--detailed-exitcode"];
    let planned = Runs::of(RUNS, || milliseconds(|| cloud.run(&machine, &arguments)));
    let listed = Runs::of(RUNS, || milliseconds(|| (cloud.list)()));
    let memory = Runs::of(3, || peak_of(cloud.command(&machine, &arguments)));
    cloud.latency(0);
    let memory_of = |what: &str, runs, bound| Figure {
        what: format!("{}: {what}, most of its own memory", cloud.name),
        unit: "MB",
        runs,
        reference: Reference::Bound(bound),
        ratio: 1.0,
    };
    vec![
        Figure {
            what: format!(
                "{}: plan of {FLEETS} files of 1 + 5, nothing to change",
                cloud.name
            ),
            unit: "ms",
            runs: planned,
            reference: Reference::Runs("the paginated list alone:", listed),
            ratio: 2.0,
        },
        memory_of(&format!("plan of {FLEETS} files"), memory, 64.0),
        memory_of(
            &format!("plan --out of {FLEETS} files of 1 + 5 from nothing"),
            saving,
            64.0,
        ),
        memory_of(
            &format!("apply of {FLEETS} files of 1 + 5 from nothing"),
            making,
            100.0,
        ),
        memory_of("apply of the saved plan of the same", saved, 100.0),
    ]
}
