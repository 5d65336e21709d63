//! Google Cloud SQL, simulated in this process.

use pgfleet_provider::{Provider as _, Scope};
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
use pgfleet_simulator::{Clock, GcpOptions, Simulator};
use tokio::runtime::{Builder, Runtime};

use super::cloud::Cloud;

const PROJECT: &str = "bench";
const REPLICAS: usize = 2;

pub(crate) fn cloud() -> Cloud {
    let server = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut options = GcpOptions::default();
    options.instance_quota = 10_000;
    let builder = Simulator::builder().clock(Clock::AtOnce).gcp(options);
    let simulator = server.block_on(builder.start()).unwrap();
    let endpoint = simulator.endpoint();
    let control = simulator.control().clone();
    let lister = lister(&endpoint);
    Cloud {
        name: "Cloud SQL",
        environment: vec![
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", endpoint),
            ("BENCH_PASSWORD", "a-long-password".to_owned()),
        ],
        plan,
        latency: Box::new(move |milliseconds| {
            // The simulator and its threads live as long as they are asked.
            let _ = (&server, &simulator);
            control.change_gcp(|options| options.latency_milliseconds = milliseconds);
        }),
        list: lister,
        replicas: REPLICAS,
        // The list; a creation and a look at its operation for the primary and each replica, one
        // after the other, since a source is busy while a replica is made of it; and the last list.
        rounds: 4.0 + 2.0 * 2.0,
        ratio: 1.25,
    }
}

fn plan(fleet: &str, replicas: usize) -> String {
    format!(
        "fleet = '{fleet}'\nprovider = 'gcp'\nregion = 'us-east1'\npostgres = '17'\n\
         [primary]\nsize = 'db-custom-2-7680'\nfinal_snapshot = false\n\
         password = {{ env = 'BENCH_PASSWORD' }}\n\
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
