//! Google's workload identity federation, as a pipeline uses it: a token of the pipeline's own issuer
//! becomes one of Google's, over TLS with an authority of one's own.

use std::{fs, time::Duration};

use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Clouds, Ran, Running, Vendor, wait_until};
use serde_json::json;

use crate::APPLY;

const EXCHANGE: &str = "sts.token";
const LEND: &str = "iamcredentials.generateAccessToken";

/// A simulated Google that takes no token but its own, and a credentials file as
/// `google-github-actions/auth` writes it.
fn secure(clock: Clock, account: Option<&str>) -> Clouds {
    let clouds = Clouds::of(Simulator::builder().clock(clock).tls(true));
    clouds.write(Vendor::Gcp, 1);
    clouds
        .control()
        .change_gcp(|options| options.only_issued_tokens = true);
    let folder = clouds.machine.path();
    fs::write(
        folder.join("authority.pem"),
        clouds.authority_pem().unwrap(),
    )
    .unwrap();
    fs::write(folder.join("assertion"), "planted.planted.planted").unwrap();
    let endpoint = clouds.endpoint();
    let mut file = json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/\
                     providers/github",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{endpoint}/v1/token"),
        "credential_source": {"file": folder.join("assertion")},
    });
    if let Some(account) = account {
        let place = format!("{endpoint}/v1/projects/-/serviceAccounts/{account}");
        file["service_account_impersonation_url"] = format!("{place}:generateAccessToken").into();
    }
    fs::write(folder.join("credentials.json"), file.to_string()).unwrap();
    clouds
}

fn start(clouds: &Clouds, arguments: &[&str]) -> Running {
    let mut command = clouds.command(arguments);
    let folder = clouds.machine.path();
    command
        .env("SSL_CERT_FILE", folder.join("authority.pem"))
        .env(
            "GOOGLE_APPLICATION_CREDENTIALS",
            folder.join("credentials.json"),
        );
    clouds.machine.start_command(command)
}

fn run(clouds: &Clouds, arguments: &[&str], code: i32) -> Ran {
    let ran = start(clouds, arguments).wait().exits(code);
    ran.never_says("lanted");
    ran
}

/// How often a token was asked for here.
fn asked(clouds: &Clouds, action: &str) -> usize {
    let requests = clouds.control().requests();
    let asked = requests.iter().filter(|record| record.action == action);
    asked.count()
}

#[test]
fn a_pipeline_s_own_token_is_exchanged_once() {
    let clouds = secure(Clock::AtOnce, None);
    run(&clouds, &APPLY, 0);
    assert_eq!((asked(&clouds, EXCHANGE), asked(&clouds, LEND)), (1, 0));
    run(&clouds, &["plan", "gcp.toml", "--detailed-exitcode"], 0);
    for verb in ["release", "adopt"] {
        run(&clouds, &[verb, "gcp.toml", "--auto-approve"], 0);
    }
}

#[test]
fn a_service_account_lends_its_token() {
    let clouds = secure(Clock::AtOnce, Some("pgfleet@food.iam.gserviceaccount.com"));
    run(&clouds, &APPLY, 0);
    assert_eq!((asked(&clouds, EXCHANGE), asked(&clouds, LEND)), (1, 1));
    clouds.control().change_gcp(|options| {
        options.denied_permissions = vec!["iam.serviceAccounts.getAccessToken".to_owned()];
    });
    run(&clouds, &APPLY, 1).says("iam.serviceAccounts.getAccessToken");
}

#[test]
fn a_token_that_is_not_taken_is_told() {
    let clouds = secure(Clock::AtOnce, None);
    fs::write(clouds.machine.path().join("assertion"), "planted").unwrap();
    run(&clouds, &APPLY, 1)
        .says("invalid_grant")
        .says("GOOGLE_APPLICATION_CREDENTIALS");
}

#[test]
fn tokens_are_renewed_while_an_apply_waits() {
    let clouds = secure(Clock::Manual, Some("pgfleet@food.iam.gserviceaccount.com"));
    let control = clouds.control();
    // Google's client renews what is good for less than four minutes every ten seconds.
    control.change_gcp(|options| options.token_seconds = 20);
    let mut apply = start(&clouds, &APPLY);
    // By the third the first has expired.
    wait_until("tokens are renewed", || asked(&clouds, LEND) >= 3);
    wait_until("the apply ends", || {
        control.advance(Duration::from_secs(400)).unwrap();
        !apply.goes_on()
    });
    apply.wait().exits(0).never_says("lanted");
    let refused = control.requests().into_iter();
    let refused = refused.filter(|record| record.status == Some(401));
    assert_eq!(refused.count(), 0);
}

#[test]
fn a_token_that_is_withdrawn_before_its_time_is_followed_by_one_other() {
    let clouds = secure(Clock::AtOnce, None);
    let control = clouds.control();
    let withdrawn = |times| Fault::new(FaultEffect::ExpiredToken).times(times);
    for action in ["instances.insert", "operations.get"] {
        control.fault(withdrawn(1).on(action));
    }
    run(&clouds, &APPLY, 0);
    assert_eq!(asked(&clouds, EXCHANGE), 3);
    // One that is not taken either is the last.
    control.fault(withdrawn(0).on("instances.insert"));
    fs::write(clouds.machine.path().join("gcp.toml"), Vendor::Gcp.plan(2)).unwrap();
    run(&clouds, &APPLY, 1).says("have expired");
    assert_eq!(asked(&clouds, EXCHANGE), 5);
}
