//! Google Cloud SQL, simulated in this process.

use pgfleet_provider::{Provider as _, Scope};
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
use pgfleet_simulator::{GcpOptions, Simulator};
use tokio::runtime::{Builder, Runtime};

use super::cloud::{Cloud, ONE_BY_ONE, PASSWORD, REPLICAS, Simulated};

const PROJECT: &str = "bench";

pub(crate) fn cloud() -> Cloud {
    let mut options = GcpOptions::default();
    options.instance_quota = 10_000;
    let simulated = Simulated::start(Simulator::builder().gcp(options));
    let endpoint = simulated.endpoint();
    Cloud {
        name: "Cloud SQL",
        provider: "gcp",
        list: lister(&endpoint),
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

fn lister(endpoint: &str) -> Box<dyn Fn()> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let endpoint = Endpoint::parse(endpoint, &[]).unwrap();
    let provider = GcpProvider::new(PROJECT, endpoint);
    Box::new(move || {
        let listed = runtime.block_on(provider.observe(&Scope::default()));
        assert!(!listed.unwrap().instances().is_empty());
    })
}
