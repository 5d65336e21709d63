//! What a machine can lack. Each is said in words, and nothing is touched.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, process::Command};

use pgfleet_tests::{Fleet, Machine, Ran};

/// `plan` and `apply` both end with this code.
#[track_caller]
fn neither_plans_nor_applies(fleet: &Fleet<'_>, code: i32) -> Ran {
    fleet.run("plan", &[]).exits(code);
    fleet.run("apply", &["--auto-approve"]).exits(code)
}

#[test]
fn a_port_that_is_taken() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let taken = TcpListener::bind(("127.0.0.1", machine.port(0))).unwrap();
    let ran = neither_plans_nor_applies(&fleet, 3);
    ran.says("local/port-taken")
        .says(&format!("port {} is taken", machine.port(0)));
    assert!(!machine.data().exists());
    drop(taken);
    fleet.apply();
}

#[test]
fn a_replica_s_port_that_is_taken_is_passed_over() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let taken = TcpListener::bind(("127.0.0.1", machine.port(1))).unwrap();
    fleet.apply();
    fleet.streams_to(&["replica-1", "replica-2"]);
    let ports = [fleet.replica(1).port(), fleet.replica(2).port()];
    assert!(!ports.contains(&taken.local_addr().unwrap().port()));
    fleet.is_as_planned();
}

#[test]
fn no_postgresql() {
    let machine = Machine::new();
    let empty = machine.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let fleet = machine.fleet("truck").replicas(1);
    let without = fleet
        .clone()
        .env("PGFLEET_PG_BINDIR", empty.to_str().unwrap());
    let ran = neither_plans_nor_applies(&without, 1);
    ran.says("PostgreSQL was not found on this machine");
    ran.says("lacks initdb, pg_ctl, postgres")
        .says("PGFLEET_PG_BINDIR");
    assert!(!machine.data().exists());

    fleet.apply();
    let pid = fleet.primary().pid();
    for verb in ["apply", "destroy"] {
        without
            .run(verb, &["--auto-approve"])
            .exits(1)
            .says("was not found");
    }
    assert_eq!(fleet.primary().pid(), pid);
    fleet.is_as_planned();
}

#[test]
fn a_postgresql_that_is_too_old() {
    let machine = Machine::new();
    let old = machine.bindir_with(&[("postgres", "echo 'postgres (PostgreSQL) 12.4'")]);
    let fleet = machine
        .fleet("truck")
        .env("PGFLEET_PG_BINDIR", old.to_str().unwrap());
    let ran = neither_plans_nor_applies(&fleet, 1);
    ran.says("PostgreSQL 12.4 in")
        .says("is too old: 13 or newer is needed");
    assert!(!machine.data().exists());
}

#[test]
fn a_version_that_is_not_installed() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").top("postgres = \"99\"");
    let ran = fleet.run("apply", &["--auto-approve"]);
    assert!([1, 64].contains(&ran.code), "{ran}");
    ran.says("99");
    assert!(!machine.data().exists());
}

#[test]
fn a_folder_that_cannot_be_written() {
    let machine = Machine::new();
    fs::create_dir(machine.data()).unwrap();
    fs::set_permissions(machine.data(), fs::Permissions::from_mode(0o555)).unwrap();
    let fleet = machine.fleet("truck").replicas(1);
    let ran = neither_plans_nor_applies(&fleet, 1);
    ran.says("may not write to").says("another folder");
    ran.says(&machine.data().display().to_string());
    assert_eq!(machine.folders(), [""; 0]);
}

#[test]
fn a_folder_with_somebody_elses_postgresql_in_it() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let theirs = machine.data().join("truck-primary");
    machine.initdb(&theirs);
    let before = machine.contents(&theirs);
    let ran = neither_plans_nor_applies(&fleet, 3);
    ran.says("error[ownership]")
        .says("somebody else's PostgreSQL");
    // It is not ours to destroy either.
    fleet.destroy();
    assert_eq!(machine.folders(), ["truck-primary"]);
    assert!(
        machine.contents(&theirs) == before,
        "somebody else's files were touched"
    );
}

#[test]
fn a_data_folder_that_is_itself_a_server_s() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    machine.initdb(&machine.data());
    let before = machine.contents(&machine.data());
    let words = "is itself the data folder of a PostgreSQL server";
    neither_plans_nor_applies(&fleet, 1).says(words);
    fleet
        .run("destroy", &["--auto-approve"])
        .exits(1)
        .says(words);
    fleet.run("status", &[]).exits(1).says(words);
    assert!(
        machine.contents(&machine.data()) == before,
        "somebody else's files were touched"
    );
}

#[test]
fn not_enough_room_on_the_disk() {
    let machine = Machine::new();
    let disk = machine.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=150m,mode=0755", "tmpfs"])
        .arg(&disk)
        .status();
    assert!(
        mounted.is_ok_and(|status| status.success()),
        "NOT SHOWN: only root may mount the small disk that this needs; \
         leave it out with `--skip not_enough_room_on_the_disk`"
    );
    let _mount = Mount(&disk);
    let data = disk.join("data");
    let fleet = machine.fleet("truck").data_dir(data.to_str().unwrap());
    let large = fleet.clone().replicas(4);
    let ran = neither_plans_nor_applies(&large, 3);
    ran.says("local/disk-space").says("MiB are free");
    assert!(!data.exists());
    // What fits is made, and a plan that fits no more leaves it alone.
    fleet.apply();
    fleet.is_as_planned();
    neither_plans_nor_applies(&large, 3).says("local/disk-space");
    fleet.is_as_planned();
    fleet.destroy();
}

/// Ends the mount, also by a panic. What still uses it is ended by the machine afterwards.
struct Mount<'a>(&'a std::path::Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
