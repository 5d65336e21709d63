//! What Cloud SQL refuses, and what is told of it.

use std::fs;

use pgfleet_simulator::{Fault, FaultEffect, GcpOptions};
use pgfleet_tests::{Clouds, Ran, Vendor, side_by_side};
use serde_json::json;

use crate::{APPLY, DESTROY, clouds, rewrite, seed};

#[test]
fn what_is_not_ours_is_left_alone() {
    let clouds = clouds(1);
    seed(&clouds, "truck-gcp-replica-1");
    assert_eq!(clouds.asked(&APPLY, 3), ["instances.list"]);
    let ran = clouds.run(&APPLY).exits(3);
    ran.says("truck-gcp-replica-1 exists in us-east1 without pgfleet's tags");
}

#[test]
fn refusals_have_their_remedies_and_change_nothing() {
    let clouds = clouds(1);
    let control = clouds.control();
    let refused = |words: &str| {
        let ran: Ran = clouds.run(&APPLY).exits(1);
        ran.says(words);
    };
    // Google gives the reason of an error, or nothing but its message.
    for reasons in [true, false] {
        control.change_gcp(|options| {
            *options = GcpOptions::default();
            options.error_reasons = reasons;
            options.api_disabled = vec!["food".to_owned()];
        });
        refused("gcloud services enable sqladmin.googleapis.com");
        control.change_gcp(|options| {
            options.api_disabled.clear();
            options.denied_permissions = vec!["cloudsql.instances.create".to_owned()];
        });
        refused("cloudsql.instances.create");
        control.change_gcp(|options| {
            options.denied_permissions.clear();
            options.instance_quota = 0;
        });
        refused("ask Google for a higher quota");
        control.change_gcp(|options| {
            options.instance_quota = 1;
            options.projects = vec!["another".to_owned()];
        });
        refused("food");
    }
    control.change_gcp(|options| *options = GcpOptions::default());
    control.fault(
        Fault::new(FaultEffect::Malformed)
            .on("instances.list")
            .times(20),
    );
    refused("does not answer as Cloud SQL does");
    control.clear_faults();
    assert!(clouds.is_empty(Vendor::Gcp));
}

#[test]
fn a_rate_is_waited_out_whatever_status_it_comes_with() {
    let clouds = clouds(1);
    clouds
        .control()
        .change_gcp(|options| options.error_reasons = false);
    for status in [403, 429] {
        let effect = FaultEffect::Error {
            status,
            code: "rateLimitExceeded".to_owned(),
            message: "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per \
                      user' of service 'sqladmin.googleapis.com'."
                .to_owned(),
        };
        let fault = Fault::new(effect).on("instances.list").times(2);
        clouds.control().fault(fault);
        clouds.run(&APPLY).exits(0);
    }
    clouds.is_whole(Vendor::Gcp, 1);
}

#[test]
fn a_database_that_cannot_be_made_keeps_no_replica_away() {
    let clouds = clouds(1);
    rewrite(&clouds, "[primary]", "[primary]\ndatabase = 'orders'");
    clouds.refuse("databases.insert", 400, "invalid", 1);
    clouds.run(&APPLY).exits(5).says("databases.insert");
    let state = clouds.control().state().to_string();
    assert!(state.contains("truck-gcp-replica-1"), "{state}");
    // The next run makes what is missing, and nothing else.
    let asked = clouds.asked(&APPLY, 0);
    let made = asked.iter().filter(|action| action.ends_with(".insert"));
    assert_eq!(made.collect::<Vec<_>>(), ["databases.insert"]);
    clouds.is_whole(Vendor::Gcp, 1);
}

#[test]
fn a_chain_of_replicas_that_is_too_long_is_refused_with_the_plan() {
    let clouds = clouds(1);
    seed(&clouds, "theirs-1");
    for level in 2..=4 {
        let replica = json!({
            "name": format!("theirs-{level}"),
            "region": "us-east1",
            "masterInstanceName": format!("theirs-{}", level - 1),
            "settings": {"tier": "db-custom-2-7680", "edition": "ENTERPRISE"},
        });
        clouds.control().seed_gcp("food", &replica).unwrap();
    }
    let follow = |name: &str| {
        let plan = format!(
            "fleet = 'truck-gcp'\nprovider = 'gcp'\nregion = 'us-east1'\n[primary]\n\
             existing = '{name}'\n[[replicas]]\ncount = 1\n[protect]\ndeletion = false\n\
             [gcp]\nproject = 'food'\n"
        );
        fs::write(clouds.machine.path().join("gcp.toml"), plan).unwrap();
        clouds.run(&APPLY)
    };
    follow("theirs-4").exits(3).says("gcp/cascade");
    follow("theirs-3").exits(0).never_says("gcp/cascade");
}

#[test]
fn a_plain_endpoint_elsewhere_is_refused_before_anything_is_sent() {
    let clouds = clouds(1);
    let mut command = clouds.command(&APPLY);
    command.env(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL",
        "http://sqladmin.example.com",
    );
    let ran = clouds.machine.start_command(command).wait().exits(1);
    ran.says("PGFLEET_INSECURE_ENDPOINT_HOSTS");
}

#[test]
fn a_region_and_a_tier_that_there_are_not_are_told_with_the_plan() {
    let clouds = clouds(1);
    rewrite(&clouds, "us-east1", "us-east11");
    let ran = clouds.run(&["plan", "gcp.toml"]).exits(3);
    ran.says("`us-east11` is no region of `gcp`")
        .says("`us-east1`");
    rewrite(&clouds, "us-east11", "us-east1");
    rewrite(&clouds, "db-custom-2-7680", "db-cutom-2-7680");
    let ran = clouds.run(&["plan", "gcp.toml"]).exits(3);
    ran.says("`db-cutom-2-7680` is no tier")
        .says("`db-custom-2-7680`");
}

/// Turns every second request away from now on, the first one or the one after it.
fn turn_every_second_away(clouds: &Clouds, effect: &FaultEffect, first: u64) {
    let control = clouds.control();
    control.clear_faults();
    for number in 0..100 {
        control.fault(Fault::new(effect.clone()).nth(2 * number + first));
    }
}

#[test]
fn a_service_that_takes_every_second_request_takes_all_there_is_to_do() {
    let unavailable = FaultEffect::Error {
        status: 503,
        code: "backendError".to_owned(),
        message: "not now".to_owned(),
    };
    let efforts = [
        (FaultEffect::Throttle, 1),
        (FaultEffect::Throttle, 2),
        (unavailable.clone(), 1),
        (unavailable, 2),
    ];
    side_by_side(efforts.len(), |number| {
        let (effect, first) = &efforts[number];
        let clouds = clouds(1);
        let no_pause = |options: &mut GcpOptions| options.retry_after_seconds = None;
        clouds.control().change_gcp(no_pause);
        let struck = |arguments: &[&str]| {
            turn_every_second_away(&clouds, effect, *first);
            clouds.run(arguments).exits(0);
            clouds.control().clear_faults();
        };
        rewrite(&clouds, "[primary]", "[primary]\ndatabase = 'orders'");
        struck(&APPLY);
        clouds.is_whole(Vendor::Gcp, 1);
        let verbs = ["release", "adopt"];
        for verb in verbs.map(|verb| [verb, "gcp.toml", "--auto-approve"]) {
            struck(&verb);
        }
        let larger = "[primary]\npassword_version = 2";
        rewrite(&clouds, "[primary]", larger);
        rewrite(&clouds, "db-custom-2-7680", "db-custom-4-15360");
        struck(&APPLY);
        clouds.is_whole(Vendor::Gcp, 1);
        struck(&DESTROY);
        assert!(clouds.is_empty(Vendor::Gcp));
    });
}

#[test]
fn a_deletion_waits_until_google_knows_that_nothing_stands_in_its_way_any_more() {
    let clouds = clouds(1);
    clouds.run(&APPLY).exits(0);
    for message in [
        "The requested operation is not valid for a replication master instance.",
        "The instance is protected. Please disable the deletion protection and try again.",
    ] {
        let effect = FaultEffect::Error {
            status: 400,
            code: "invalid".to_owned(),
            message: message.to_owned(),
        };
        let fault = Fault::new(effect).on("instances.delete");
        clouds.control().fault(fault.of("truck-gcp-primary"));
    }
    clouds.run(&DESTROY).exits(0);
    assert!(clouds.is_empty(Vendor::Gcp));
}
