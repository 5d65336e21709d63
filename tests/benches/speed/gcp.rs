//! Google Cloud SQL, simulated in this process.

use pgfleet_provider::Scope;
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
use pgfleet_simulator::{Clock, GcpOptions, Simulator};
use pgfleet_tests::Served;

use super::cloud::{Cloud, ONE_BY_ONE, PASSWORD, REPLICAS, lister};

const PROJECT: &str = "bench";

pub(crate) fn cloud() -> Cloud {
    let mut options = GcpOptions::default();
    options.instance_quota = 10_000;
    let simulated = Served::start(Simulator::builder().clock(Clock::AtOnce).gcp(options));
    let endpoint = simulated.endpoint();
    Cloud {
        name: "Cloud SQL",
        provider: "gcp",
        list: list(&endpoint),
        environment: vec![("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", endpoint)],
        simulated,
        plan,
        set_latency: |control, milliseconds| {
            control.change_gcp(|options| options.latency_milliseconds = milliseconds);
        },
        replicas: REPLICAS,
        rounds: ONE_BY_ONE,
        ratio: 1.25,
    }
}

fn plan(fleet: &str, replicas: usize) -> String {
    format!(
        "fleet = '{fleet}'\nprovider = 'gcp'\nregion = 'us-east1'\npostgres = '17'\n\
         [primary]\nsize = 'db-custom-2-7680'\nfinal_snapshot = false\n\
         password = {{ env = '{PASSWORD}' }}\n\
         [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n\
         [gcp]\nproject = '{PROJECT}'\n"
    )
}

fn list(endpoint: &str) -> Box<dyn Fn()> {
    let endpoint = Endpoint::parse(endpoint, &[]).unwrap();
    lister(GcpProvider::new(PROJECT, endpoint), Scope::default())
}
