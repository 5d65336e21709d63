//! `pgfleet simulate`: clouds for other processes.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, process::Command};

use pgfleet_tests::{Machine, PASSWORD, Signal, Vendor, wait_until};

#[test]
fn what_simulate_prints_leads_a_shell_to_every_cloud() {
    leads(&["simulate", "--speed", "0"], &Vendor::ALL);
}

/// Google's client goes without credentials where there is no TLS only.
#[test]
fn what_simulate_prints_leads_a_shell_to_clouds_over_tls() {
    let simulate = ["simulate", "--speed", "0", "--tls", "its authority.pem"];
    leads(&simulate, &[Vendor::Aws, Vendor::Azure]);
}

fn leads(simulate: &[&str], vendors: &[Vendor]) {
    let machine = Machine::new();
    let simulate = machine.start(simulate);
    wait_until("an environment is printed", || {
        simulate.printed().ends_with('\n')
    });
    fs::write(machine.path().join("environment"), simulate.printed()).unwrap();
    for vendor in vendors {
        let plan = vendor.file();
        fs::write(machine.path().join(&plan), vendor.plan(1)).unwrap();
        for (verb, ends) in [
            ("plan --detailed-exitcode", 2),
            ("apply --auto-approve", 0),
            ("plan --detailed-exitcode", 0),
        ] {
            let run = machine.command(&[]);
            let binary = run.get_program().to_str().unwrap();
            let mut shell = Command::new("sh");
            shell
                .args([
                    "-c",
                    &format!(". ./environment\nexec {binary} {verb} {plan}"),
                ])
                .current_dir(machine.path())
                .env("HOME", machine.path())
                .env("TRUCK_PASSWORD", PASSWORD);
            machine.start_command(shell).wait().exits(ends);
        }
    }
    simulate.signal(Signal::TERM);
    simulate.wait().exits(0);
}
