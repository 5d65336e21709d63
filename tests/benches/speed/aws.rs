//! Amazon RDS, simulated in this process.

use pgfleet_model::Region;
use pgfleet_provider::Scope;
use pgfleet_providers::aws::{AwsOptions as ProviderOptions, AwsProvider};
use pgfleet_simulator::{AwsOptions, Clock, Simulator};
use pgfleet_tests::Served;

use super::cloud::{Cloud, PASSWORD, lister};

const REGION: &str = "us-east-1";

pub(crate) fn cloud() -> Cloud {
    let mut options = AwsOptions::default();
    options.instance_quota = 10_000;
    let simulated = Served::start(Simulator::builder().clock(Clock::AtOnce).aws(options));
    let endpoint = simulated.endpoint();
    Cloud {
        name: "RDS",
        provider: "aws",
        list: list(&endpoint),
        environment: vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", "bench".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
        ],
        simulated,
        plan,
        set_latency: |control, milliseconds| {
            control.change_aws(|options| options.latency_milliseconds = milliseconds);
        },
        replicas: 10,
        // The list, the primary, a list that sees it ready, the replicas, and the last list. What
        // RDS offers is one round more, which the ratio has to have room for.
        rounds: 5.0,
        ratio: 1.4,
    }
}

fn plan(fleet: &str, replicas: usize) -> String {
    format!(
        "fleet = '{fleet}'\nprovider = 'aws'\nregion = '{REGION}'\n\
         [primary]\nsize = 'db.m5.large'\nfinal_snapshot = false\n\
         password = {{ env = '{PASSWORD}' }}\n\
         [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n"
    )
}

fn list(endpoint: &str) -> Box<dyn Fn()> {
    let options = ProviderOptions {
        simulated_endpoint: Some(endpoint.to_owned()),
        ..ProviderOptions::default()
    };
    let scope = Scope {
        regions: [Region::new(REGION)].into(),
        ..Scope::default()
    };
    lister(AwsProvider::new(options, Region::new(REGION)), scope)
}
