//! Two replicas of a database of a gigabyte, beside the two copies that they are made by.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use pgfleet_tests::{Fleet, Machine, bindir, fill};

use super::figure::{Figure, Reference, Runs, as_milliseconds};

/// pgbench's scale for about a gigabyte.
const SCALE: u32 = 68;
const ROUNDS: usize = 5;

pub(crate) fn figures() -> Vec<Figure> {
    let machine = Machine::new();
    let alone = machine.fleet("truck");
    alone.apply();
    fill(&alone, SCALE);
    let both = alone.clone().replicas(2);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // In turn, so that both meet the same machine; the first round of each fills the caches.
    for round in 0..=ROUNDS {
        let took = as_milliseconds(copies(&machine, &alone));
        let began = Instant::now();
        both.apply();
        let made = as_milliseconds(began.elapsed());
        both.streams_to(&["replica-1", "replica-2"]);
        alone.apply();
        if round > 0 {
            theirs.push(took);
            ours.push(made);
        }
    }
    alone.destroy();
    vec![Figure {
        what: "pgfleet apply, two replicas of 1 GB made, started and streaming".to_owned(),
        unit: "ms",
        runs: Runs::from(ours),
        reference: Reference::Runs("two pg_basebackup alone, side by side:", Runs::from(theirs)),
        ratio: 1.25,
    }]
}

/// Two copies by `pg_basebackup` with the options that pgfleet gives it, into the same disk. Each
/// has a slot of its own, made before: without one, each copy's checkpoint may remove the log that
/// the other one still needs, and it fails.
fn copies(machine: &Machine, fleet: &Fleet<'_>) -> std::time::Duration {
    let primary = fleet.primary();
    let folder = primary.data();
    let passfile = folder.parent().unwrap().join("pgpass");
    let sql = fleet.sql(&primary);
    let names = ["copy_1", "copy_2"];
    let targets = names.map(|name| machine.data().join(format!(".{name}")));
    let began = Instant::now();
    for slot in names {
        sql.run(&format!(
            "SELECT pg_create_physical_replication_slot('{slot}', true)"
        ));
    }
    let pairs = names.iter().zip(&targets);
    let mut children: Vec<Child> = pairs
        .map(|(slot, target)| copy(primary.port(), &passfile, slot, target))
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success(), "pg_basebackup failed");
    }
    let took = began.elapsed();
    for (slot, target) in names.iter().zip(targets) {
        sql.run(&format!("SELECT pg_drop_replication_slot('{slot}')"));
        fs::remove_dir_all(target).unwrap();
    }
    took
}

fn copy(port: u16, passfile: &Path, slot: &str, target: &Path) -> Child {
    let passfile = passfile.display();
    let source = format!("host=127.0.0.1 port={port} user=pgfleet passfile='{passfile}'");
    Command::new(bindir().join("pg_basebackup"))
        .arg("-D")
        .arg(target)
        .args(["-d", &source, "-S", slot])
        .args(["--checkpoint=fast", "--wal-method=stream", "--no-password"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}
