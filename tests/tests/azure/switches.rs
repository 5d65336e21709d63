//! Every form in which Azure may answer, and the roles of the documentation.

use std::collections::BTreeSet;

use pgfleet_simulator::{AzureAddresses, AzureOptions, AzureRole, Clock, Simulator};
use pgfleet_tests::{Clouds, Vendor, side_by_side};
use serde_json::{Value, json};

use crate::cloud::{APPLY, DESTROY, SUBSCRIPTION, by_hand, clouds, write, written};

/// A form of answers, and how the simulator is brought to it.
type Switch = (&'static str, fn(&mut AzureOptions));

const SWITCHES: [Switch; 8] = [
    ("201", |options| options.answer_created = true),
    ("merged tags", |options| options.merge_tags = true),
    ("no error", |options| {
        options.operation_parts_left_out = ["name", "startTime", "error"].map(Into::into).into();
    }),
    ("a new state", |options| {
        options.creating_state = "Pondering".to_owned();
    }),
    ("Updating", |options| {
        options.creating_state = "Updating".to_owned();
    }),
    ("status only", |options| {
        options.operation_addresses = AzureAddresses::AsyncOperation;
    }),
    ("result only", |options| {
        options.operation_addresses = AzureAddresses::Location;
    }),
    ("pages", |options| options.page_size = 1),
];

#[test]
fn a_fleet_is_made_changed_and_deleted_whatever_the_form_of_the_answers() {
    side_by_side(SWITCHES.len(), |number| {
        let (name, switch) = SWITCHES[number];
        let mut options = AzureOptions::default();
        // Whoever is asked to wait whole seconds waits them.
        options.retry_after = None;
        switch(&mut options);
        // What is seen in between is part of it.
        let clouds = Simulator::builder().clock(Clock::Scaled(2000.0));
        let clouds = Clouds::of(clouds.azure(options));
        clouds.write(Vendor::Azure, 1);
        let text = written(&clouds).replace("fleet =", "tags = { team = 'food' }\nfleet =");
        write(&clouds, &text);
        clouds.run(&APPLY).exits(0);
        clouds.is_whole(Vendor::Azure, 1);
        let text = text
            .replace("D2ds", "D4ds")
            .replace("'food' }", "'drinks' }");
        write(&clouds, &text);
        clouds.run(&APPLY).exits(0);
        clouds.is_whole(Vendor::Azure, 1);
        let state = clouds.control().state().to_string();
        assert!(state.contains("\"drinks\""), "{name}: {state}");
        clouds.run(&DESTROY).exits(0);
        assert!(clouds.is_empty(Vendor::Azure), "{name}");
    });
}

#[test]
fn a_replica_that_somebody_has_promoted_is_a_primary_by_either_word() {
    for role in ["Primary", "None"] {
        let clouds = clouds(1);
        let control = clouds.control();
        control.change_azure(|options| options.promoted_role = role.to_owned());
        clouds.run(&APPLY).exits(0);
        let promotion = json!({"promoteMode": "standalone", "promoteOption": "planned"});
        let promotion = json!({"properties": {"replica": promotion}});
        by_hand(&clouds, "PATCH", "truck-azure-replica-1", &promotion);
        let status = clouds.run(&["status", "azure.toml", "--format", "json"]);
        let instances = status.json()["fleets"][0]["instances"].clone();
        assert_eq!(instances[1]["role"], "primary", "{role}: {instances}");
    }
}

/// The roles that `docs/azure.md` describes, for the resource group of the tests.
fn roles() -> Vec<AzureRole> {
    let page = include_str!("../../../docs/azure.md");
    let blocks = page.split("```json").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    let texts = |role: &Value, key: &str| -> Vec<String> {
        let texts = role[key].as_array().unwrap().iter();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    blocks
        .map(|block| serde_json::from_str::<Value>(block).unwrap())
        .map(|role| AzureRole {
            actions: texts(&role, "Actions"),
            scope: texts(&role, "AssignableScopes")[0].replace("SUBSCRIPTION", SUBSCRIPTION),
        })
        .collect()
}

/// What Azure refuses of all that pgfleet asks for in the life of a fleet.
fn refused(roles: &[AzureRole]) -> BTreeSet<String> {
    let clouds = clouds(1);
    let database = "password =";
    let text = written(&clouds).replace(database, "database = 'orders'\npassword =");
    write(&clouds, &text);
    let control = clouds.control();
    // Either address of an operation may be the one that there is.
    for addresses in [AzureAddresses::Both, AzureAddresses::Location] {
        control.change_azure(|options| {
            options.roles = roles.to_vec();
            options.operation_addresses = addresses;
        });
        clouds.run(&APPLY);
        write(&clouds, &text.replace("D2ds", "D4ds"));
        let _ = control.set_azure_state("eastus2", "truck-azure-replica-1", "Stopped");
        clouds.run(&APPLY);
        for verb in ["release", "adopt"] {
            clouds.run(&[verb, "azure.toml", "--auto-approve"]);
        }
        clouds.run(&DESTROY);
        write(&clouds, &text);
    }
    let requests = control.requests().into_iter();
    let refused = requests.filter(|record| record.status == Some(403));
    refused.map(|record| record.action).collect()
}

#[test]
fn the_roles_in_the_documentation_are_enough_and_none_too_much() {
    let roles = roles();
    assert_eq!(roles.len(), 2);
    assert_eq!(refused(&roles), BTreeSet::new());
    let each: Vec<(usize, usize)> = roles
        .iter()
        .enumerate()
        .flat_map(|(role, of)| (0..of.actions.len()).map(move |action| (role, action)))
        .collect();
    side_by_side(each.len(), |number| {
        let (role, action) = each[number];
        let mut fewer = roles.clone();
        let action = fewer[role].actions.remove(action);
        assert!(!refused(&fewer).is_empty(), "{action} is not needed");
    });
}
