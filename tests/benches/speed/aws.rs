//! Amazon RDS, simulated in this process.

use pgfleet_model::Region;
use pgfleet_provider::{Provider as _, Scope};
use pgfleet_providers::aws::{AwsOptions as ProviderOptions, AwsProvider};
use pgfleet_simulator::{AwsOptions, Clock, Simulator};
use tokio::runtime::{Builder, Runtime};

use super::cloud::Cloud;

const REGION: &str = "us-east-1";

pub(crate) fn cloud() -> Cloud {
    let server = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut options = AwsOptions::default();
    options.instance_quota = 10_000;
    let builder = Simulator::builder().clock(Clock::AtOnce).aws(options);
    let simulator = server.block_on(builder.start()).unwrap();
    let endpoint = simulator.endpoint();
    let control = simulator.control().clone();
    let lister = lister(&endpoint);
    Cloud {
        name: "RDS",
        environment: vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", "bench".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("BENCH_PASSWORD", "a-long-password".to_owned()),
        ],
        plan,
        latency: Box::new(move |milliseconds| {
            // The simulator and its threads live as long as they are asked.
            let _ = (&server, &simulator);
            control.change_aws(|options| options.latency_milliseconds = milliseconds);
        }),
        list: lister,
        replicas: 10,
        // The list, the offers, the primary, the replicas, and the last list.
        rounds: 5.0,
        ratio: 1.4,
    }
}

fn plan(fleet: &str, replicas: usize) -> String {
    format!(
        "fleet = '{fleet}'\nprovider = 'aws'\nregion = '{REGION}'\n\
         [primary]\nsize = 'db.m5.large'\nfinal_snapshot = false\n\
         password = {{ env = 'BENCH_PASSWORD' }}\n\
         [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n"
    )
}

fn lister(endpoint: &str) -> Box<dyn Fn()> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let options = ProviderOptions {
        simulated_endpoint: Some(endpoint.to_owned()),
        ..ProviderOptions::default()
    };
    let provider = AwsProvider::new(options, Region::new(REGION));
    Box::new(move || {
        let scope = Scope {
            regions: [Region::new(REGION)].into(),
            ..Scope::default()
        };
        let listed = runtime.block_on(provider.observe(&scope)).unwrap();
        assert!(!listed.instances().is_empty());
    })
}
