//! What breaks, and how the next apply mends it. The primary's rows outlive all of it.

use std::{
    fs::File,
    sync::atomic::{AtomicBool, Ordering},
};

use pgfleet_tests::{Fleet, Machine, wait_until};

const COUNT: &str = "SELECT count(*) FROM orders";

/// A fleet of a primary and two replicas with a hundred rows.
fn fleet(machine: &Machine) -> Fleet<'_> {
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    let primary = fleet.sql(&fleet.primary());
    primary.run("CREATE TABLE orders AS SELECT generate_series(1, 100) AS n");
    fleet.all_answer(2, COUNT, "100");
    fleet
}

/// The plan names exactly these changes; apply makes them, and all is as it was.
#[track_caller]
fn is_mended(fleet: &Fleet<'_>, changes: &[&str]) {
    assert_eq!(fleet.changes(), changes);
    fleet.run("plan", &["--detailed-exitcode"]).exits(2);
    fleet.apply();
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1", "replica-2"]);
    let primary = fleet.sql(&fleet.primary());
    assert_eq!(primary.text(COUNT), "100");
    primary.run("INSERT INTO orders VALUES (101)");
    fleet.all_answer(2, COUNT, "101");
}

#[test]
fn a_replica_that_was_killed_is_started() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    fleet.replica(2).kill();
    is_mended(&fleet, &["update replica-2 stopped"]);
}

/// A run that was killed may leave a program behind that holds the instance, and nobody who goes on.
#[test]
fn a_server_that_is_stopped_while_somebody_holds_it_is_started_when_it_is_free() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let one = fleet.replica(1);
    one.kill();
    let name = one.folder.file_name().unwrap().to_string_lossy();
    let lock = format!(".locks/{name}.lock");
    let held = File::open(one.folder.with_file_name(lock)).unwrap();
    held.lock().unwrap();
    assert_eq!(fleet.changes(), ["update replica-1 stopped"]);
    let run = fleet.start("apply", &["--auto-approve", "--format", "json"]);
    wait_until("the apply is turned away", || {
        run.printed().contains("step-retried")
    });
    drop(held);
    run.wait().exits(0);
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1", "replica-2"]);
}

#[test]
fn a_replica_whose_folder_was_removed_under_it_is_made_anew() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let pid = fleet.replica(1).pid().unwrap();
    std::fs::remove_dir_all(fleet.replica(1).folder).unwrap();
    is_mended(
        &fleet,
        &["delete replica-1 rebuild", "create replica-1 rebuild"],
    );
    wait_until("the server without a folder is gone", || {
        !fleet
            .replica(1)
            .processes()
            .iter()
            .any(|process| process.pid == pid)
    });
}

#[test]
fn a_stopped_replica_whose_folder_was_removed_is_missing() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    fleet.replica(1).stop();
    std::fs::remove_dir_all(fleet.replica(1).folder).unwrap();
    is_mended(&fleet, &["create replica-1 missing"]);
}

#[test]
fn a_primary_that_was_stopped_is_started() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    fleet.primary().stop();
    is_mended(&fleet, &["update primary stopped"]);
}

#[test]
fn a_whole_fleet_that_was_killed_is_started_with_its_rows() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    for server in [fleet.primary(), fleet.replica(1), fleet.replica(2)] {
        server.kill();
    }
    let changes =
        ["primary", "replica-1", "replica-2"].map(|name| format!("update {name} stopped"));
    is_mended(&fleet, &changes.each_ref().map(String::as_str));
}

#[test]
fn a_replica_whose_slot_was_dropped_is_made_anew() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let primary = fleet.sql(&fleet.primary());
    // Its sender comes back at once, so the moment without one has to be caught.
    wait_until("the slot is dropped", || {
        let drop = "SELECT pg_terminate_backend(active_pid, 1000) FROM pg_replication_slots \
            WHERE slot_name = 'pgfleet_truck_replica_1' AND active; \
            SELECT pg_drop_replication_slot('pgfleet_truck_replica_1')";
        primary.try_column(drop).is_ok()
    });
    is_mended(
        &fleet,
        &["delete replica-1 rebuild", "create replica-1 rebuild"],
    );
}

#[test]
fn a_replica_whose_data_is_damaged_is_made_anew() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    std::fs::remove_file(fleet.replica(2).data().join("PG_VERSION")).unwrap();
    is_mended(
        &fleet,
        &["delete replica-2 rebuild", "create replica-2 rebuild"],
    );
}

#[test]
fn a_replica_that_was_promoted_is_refused_and_left_untouched() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let replica = fleet.sql(&fleet.replica(2));
    assert_eq!(replica.text("SELECT pg_promote()"), "t");
    replica.run("INSERT INTO orders VALUES (999)");
    let pid = fleet.replica(2).pid();
    for (verb, flags) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let ran = fleet.run(verb, flags).exits(3);
        ran.says("error[role]").says("it was promoted");
    }
    assert_eq!(fleet.refusals(), ["role"]);
    // It outranks what else is pending.
    let three = fleet.clone().replicas(3);
    three.run("plan", &["--detailed-exitcode"]).exits(3);
    three.run("apply", &["--auto-approve"]).exits(3);
    assert!(!fleet.replica(3).folder.exists());
    assert_eq!(fleet.replica(2).pid(), pid);
    assert_eq!(replica.text(COUNT), "101");
    assert_eq!(fleet.sql(&fleet.primary()).text(COUNT), "100");
}

#[test]
fn a_primary_whose_data_is_damaged_is_never_replaced() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let version = fleet.primary().data().join("PG_VERSION");
    let aside = fleet.primary().folder.join("aside");
    std::fs::rename(&version, &aside).unwrap();
    for (verb, flags) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        fleet.run(verb, flags).exits(3).says("primary/broken");
    }
    std::fs::rename(&aside, &version).unwrap();
    fleet.is_as_planned();
    assert_eq!(fleet.sql(&fleet.primary()).text(COUNT), "100");
}

#[test]
fn a_rebuild_counts_as_a_delete_for_max_deletes() {
    let machine = Machine::new();
    let fleet = fleet(&machine).at_the_end("max_deletes = 0\n");
    std::fs::remove_file(fleet.replica(2).data().join("PG_VERSION")).unwrap();
    let ran = fleet.run("apply", &["--auto-approve"]).exits(3);
    ran.says("protect/max-deletes");
    assert!(fleet.replica(2).pid().is_some(), "it was touched");
}

#[test]
fn a_slot_of_a_replica_that_is_no_more_is_dropped() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let primary = fleet.sql(&fleet.primary());
    primary.run("SELECT pg_create_physical_replication_slot('pgfleet_truck_replica_9', true)");
    primary.run("SELECT pg_create_physical_replication_slot('somebody_elses', true)");
    fleet.replica(1).stop();
    std::fs::remove_dir_all(fleet.replica(1).folder).unwrap();
    let changes = ["update primary orphan_slots", "create replica-1 missing"];
    assert_eq!(fleet.changes(), changes);
    fleet.apply();
    fleet.is_as_planned();
    let left = [
        "pgfleet_truck_replica_1",
        "pgfleet_truck_replica_2",
        "somebody_elses",
    ];
    assert_eq!(fleet.slots(), left);
}

/// Somebody else's slots come and go before ours in the list. Looked at twice, the list would be another
/// in between, and the last of ours would seem to be gone.
#[test]
fn slots_that_come_and_go_hide_none_of_ours() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let primary = fleet.sql(&fleet.primary());
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Bounded, so that a test that fails ends.
            for _ in (0..10_000).take_while(|_| !over.load(Ordering::Relaxed)) {
                primary.run(
                    "DO $$ BEGIN FOR n IN 1..50 LOOP
                        PERFORM pg_create_physical_replication_slot('another');
                        PERFORM pg_drop_replication_slot('another');
                    END LOOP; END $$",
                );
            }
        });
        let changes: Vec<Vec<String>> = (0..60).map(|_| fleet.changes()).collect();
        over.store(true, Ordering::Relaxed);
        assert_eq!(changes, vec![Vec::<String>::new(); 60]);
    });
}
