//! Azure Database for PostgreSQL, Flexible Server, simulated in this process.

use pgfleet_provider::Scope;
use pgfleet_providers::azure::{AzureOptions as ProviderOptions, AzureProvider};
use pgfleet_simulator::{AzureOptions, Clock, Simulator};
use pgfleet_tests::Served;

use super::cloud::{Cloud, ONE_BY_ONE, PASSWORD, REPLICAS, lister};

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const GROUP: &str = "bench";

pub(crate) fn cloud() -> Cloud {
    let mut options = AzureOptions::default();
    options.core_quota = 100_000;
    options.any_resource_group = true;
    let simulated = Served::start(Simulator::builder().clock(Clock::AtOnce).azure(options));
    let endpoint = simulated.endpoint();
    Cloud {
        name: "Azure",
        provider: "azure",
        list: list(&endpoint),
        environment: vec![("AZURE_RESOURCE_MANAGER_ENDPOINT", endpoint)],
        simulated,
        plan,
        set_latency: |control, milliseconds| {
            control.change_azure(|options| options.latency_milliseconds = milliseconds);
        },
        replicas: REPLICAS,
        // Whether the names are free is one round more, which the ratio has to have room for.
        rounds: ONE_BY_ONE,
        ratio: 1.25,
    }
}

fn plan(fleet: &str, replicas: usize) -> String {
    format!(
        "fleet = '{fleet}'\nprovider = 'azure'\nregion = 'eastus2'\npostgres = '17'\n\
         [primary]\nsize = 'Standard_D2ds_v5'\nstorage = {{ gib = 128 }}\n\
         password = {{ env = '{PASSWORD}' }}\n\
         [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n\
         [azure]\nsubscription = '{SUBSCRIPTION}'\nresource_group = '{GROUP}'\n"
    )
}

fn list(endpoint: &str) -> Box<dyn Fn()> {
    let options = ProviderOptions {
        simulated_endpoint: Some(endpoint.to_owned()),
        ..ProviderOptions::default()
    };
    let provider = AzureProvider::new(&options, SUBSCRIPTION, GROUP);
    lister(provider, Scope::default())
}
