//! The harness keeps its own promises.

use std::sync::Mutex;

use pgfleet_tests::{Machine, processes_below, wait_until};

#[test]
fn a_test_that_fails_leaves_neither_servers_nor_folders() {
    let place = Mutex::new(std::path::PathBuf::new());
    let failed = std::panic::catch_unwind(|| {
        let machine = Machine::new();
        machine.path().clone_into(&mut place.lock().unwrap());
        let fleet = machine.fleet("truck").replicas(1);
        fleet.apply();
        // A halted server and one without its folder are ended as well.
        pgfleet_tests::send(fleet.primary().pid().unwrap(), pgfleet_tests::Signal::STOP);
        std::fs::remove_dir_all(fleet.replica(1).folder).unwrap();
        assert!(processes_below(machine.path()).len() > 2);
        fleet.is_as_planned();
    });
    assert!(failed.is_err());
    let place = place
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(place.is_absolute() && !place.exists());
    wait_until("no process is left", || processes_below(&place).is_empty());
}

#[test]
fn machines_share_neither_folders_nor_ports() {
    let machines = [Machine::new(), Machine::new(), Machine::new()];
    let mut ports: Vec<u16> = machines
        .iter()
        .flat_map(|machine| (0..19).map(|number| machine.port(number)))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3 * 19);
    assert_ne!(machines[0].path(), machines[1].path());
}
