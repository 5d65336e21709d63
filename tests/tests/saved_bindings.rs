//! What a saved plan is bound to on a cloud: the account, the subscription and its resource group.

use std::fs;

use pgfleet_simulator::{AzureOptions, Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Clouds, Ran, Vendor, wait_until};

#[test]
fn a_plan_file_that_is_edited_while_it_is_planned_is_not_saved() {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Aws, 2);
    let file = Vendor::Aws.file();
    let slow = FaultEffect::Slow { milliseconds: 500 };
    clouds.control().fault(Fault::new(slow).times(0));
    let running = clouds.start(&["plan", &file, "--out", "saved.json"]);
    wait_until("the account was asked for", || {
        clouds.control().request_count() > 0
    });
    clouds.write(Vendor::Aws, 1);
    let ran = running.wait().exits(1);
    ran.says("has changed while it was planned");
    assert!(!clouds.machine.path().join("saved.json").exists());
}

#[test]
fn another_account_is_another_plan_whatever_the_plan_file_says() {
    let clouds = Clouds::new(Clock::AtOnce);
    let file = Vendor::Aws.file();
    let path = clouds.machine.path().join(&file);
    for bound in ["", "[aws]\naccount = '123456789012'\n"] {
        fs::write(&path, format!("{}{bound}", Vendor::Aws.plan(1))).unwrap();
        clouds.run(&["plan", &file, "--out", "saved.json"]).exits(0);
        let account = |name: &str| {
            let control = clouds.control();
            control.change_aws(|options| name.clone_into(&mut options.account));
        };
        account("999999999999");
        let ran = clouds.run(&["apply", "saved.json"]).exits(4);
        ran.says("truck-aws was planned in 123456789012, this is 999999999999");
        // To the plan file itself it is a protection.
        let refused = if bound.is_empty() { 0 } else { 3 };
        clouds.run(&["plan", &file]).exits(refused);
        account("123456789012");
    }
    assert!(clouds.is_empty(Vendor::Aws));
}

#[test]
fn an_account_is_asked_for_as_patiently_as_all_else() {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Aws, 1);
    clouds.refuse("GetCallerIdentity", 400, "Throttling", 2);
    clouds
        .run(&["plan", "aws.toml", "--out", "saved.json"])
        .exits(0);
    clouds.run(&["apply", "saved.json"]).exits(0);
}

#[test]
fn another_resource_group_is_another_plan() {
    let mut options = AzureOptions::default();
    options.any_resource_group = true;
    let clouds = Clouds::of(Simulator::builder().clock(Clock::AtOnce).azure(options));
    let file = Vendor::Azure.file();
    let text = Vendor::Azure
        .plan(1)
        .replace("resource_group = 'food'\n", "");
    fs::write(clouds.machine.path().join(&file), text).unwrap();
    let run = |group: &str, arguments: &[&str]| -> Ran {
        let mut command = clouds.command(arguments);
        command.env("AZURE_DEFAULTS_GROUP", group);
        clouds.machine.start_command(command).wait()
    };
    let plan = ["plan", &file, "--out", "saved.json"];
    let shown = "00000000-0000-0000-0000-000000000001/alpha";
    run("Alpha", &plan).exits(0).says(shown);
    let ran = run("beta", &["apply", "saved.json"]).exits(4);
    ran.says(&format!("truck-azure was planned in {shown}"));
    let changed = clouds.control().requests();
    assert!(changed.iter().all(|record| !record.effect), "{changed:?}");
    // A group is the same in any case.
    run("alpha", &["apply", "saved.json"]).exits(0);
}
