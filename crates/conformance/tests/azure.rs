//! The suite on Azure, as the simulator shows it: over HTTP, with the generated client in between.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use pgfleet_conformance::{
    drive,
    suite::{self, Hook, Report, Subject, Words},
};
use pgfleet_model::{ProviderKind, ResourceRef};
use pgfleet_provider::{Provider, Scope};
use pgfleet_providers::azure::{AzureOptions, AzureProvider};
use pgfleet_simulator::{
    AzureAddresses, AzureOptions as Simulated, Clock, Fault, FaultEffect, Simulator,
};
use serde_json::json;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const GROUP: &str = "Food";

/// The calls whose first answer is lost on demand.
const LOST: [&str; 3] = ["Servers_CreateOrUpdate", "Servers_Update", "Servers_Delete"];

/// A simulated Azure; another one for every case.
struct Azure {
    clock: Clock,
    addresses: AzureAddresses,
    simulator: Mutex<Option<Simulator>>,
}

impl Azure {
    async fn new(clock: Clock, addresses: AzureAddresses) -> Self {
        let azure = Self {
            clock,
            addresses,
            simulator: Mutex::new(None),
        };
        azure.clear().await.unwrap();
        azure
    }

    fn with<T>(&self, ask: impl FnOnce(&Simulator) -> T) -> T {
        ask(self.simulator.lock().unwrap().as_ref().unwrap())
    }
}

#[async_trait]
impl Subject for Azure {
    fn name(&self) -> &'static str {
        "Azure, simulated"
    }

    fn words(&self) -> Words {
        Words {
            provider: ProviderKind::Azure,
            region: Some("eastus2".to_owned()),
            other_region: "westeurope".to_owned(),
            sizes: ["Standard_D2ds_v5".to_owned(), "Standard_D4ds_v5".to_owned()],
            gib: Some(32),
            primary: "password = { command = ['echo', 'A-long-passw0rd'] }".to_owned(),
            abroad: String::new(),
            tables: String::new(),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn clear(&self) -> Result<(), String> {
        let mut options = Simulated::default();
        // Of pages there are several; and who is asked to wait whole seconds waits them.
        options.page_size = 2;
        options.retry_after = None;
        options.operation_addresses = self.addresses;
        let next = Simulator::builder().clock(self.clock).azure(options);
        let next = next.start().await;
        let next = next.map_err(|error| error.to_string())?;
        let last = self.simulator.lock().unwrap().replace(next);
        if let Some(last) = last {
            last.shutdown().await;
        }
        Ok(())
    }

    fn provider(&self) -> Arc<dyn Provider> {
        let options = AzureOptions {
            simulated_endpoint: Some(self.with(Simulator::endpoint)),
            ..AzureOptions::default()
        };
        Arc::new(AzureProvider::new(&options, SUBSCRIPTION, GROUP))
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let provider = self.provider();
        drive::remove(provider.as_ref(), resource).await?;
        Ok(Hook::Done)
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let (region, id) = (resource.region.as_str(), resource.id.as_str());
        self.with(|simulator| simulator.control().set_azure_state(region, id, "Stopped"))?;
        Ok(Hook::Done)
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let theirs = json!({
            "location": resource.region.as_str(),
            "sku": {"name": "Standard_E4ds_v5", "tier": "MemoryOptimized"},
            "properties": {"version": "16", "storage": {"storageSizeGB": 128}},
        });
        let id = resource.id.as_str();
        self.with(|simulator| {
            let control = simulator.control();
            control.seed_azure(SUBSCRIPTION, GROUP, id, theirs)
        })?;
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let seen = self.provider().observe(&Scope::default()).await.unwrap();
        seen.get(resource).is_some_and(|live| {
            live.owner.is_none() && live.attributes.size.as_deref() == Some("Standard_E4ds_v5")
        })
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let (region, id) = (resource.region.as_str(), resource.id.as_str());
        self.with(|simulator| simulator.control().set_azure_state(region, id, "Broken"))?;
        Ok(Hook::Done)
    }

    async fn lose_answers(&self) -> Result<Hook, String> {
        for call in LOST {
            let fault = Fault::new(FaultEffect::LoseAnswer).on(call);
            self.with(|simulator| simulator.control().fault(fault));
        }
        Ok(Hook::Done)
    }

    async fn answers_kept(&self) -> Vec<String> {
        let asked = self.with(|simulator| simulator.control().requests());
        let lost = |call: &&str| {
            let mut asked = asked.iter();
            asked.any(|asked| asked.action == **call && asked.outcome == "answer lost")
        };
        let kept = LOST.into_iter().filter(|call| !lost(call));
        kept.map(ToOwned::to_owned).collect()
    }
}

#[track_caller]
#[expect(
    clippy::print_stdout,
    reason = "the report says what ran and what did not"
)]
fn passes(report: &Report) {
    println!("{report}");
    assert!(report.is_passed(), "{report}");
    assert_eq!(report.not_run(), [""; 0], "{report}");
    let not_supported = [
        // The listing shows no revision, and nothing is ever pending.
        "a stale revision",
        "wait for the window",
        "a replica in two zones",
        "a final snapshot",
    ];
    assert_eq!(report.not_supported(), not_supported, "{report}");
}

#[tokio::test]
async fn what_takes_no_time_passes() {
    let azure = Azure::new(Clock::AtOnce, AzureAddresses::Both).await;
    passes(&suite::run(&azure).await);
}

#[tokio::test]
async fn what_takes_its_time_passes() {
    let azure = Azure::new(Clock::Scaled(1000.0), AzureAddresses::Both).await;
    passes(&suite::run(&azure).await);
}

#[tokio::test]
async fn what_tells_results_and_no_status_passes() {
    let azure = Azure::new(Clock::Scaled(1000.0), AzureAddresses::Location).await;
    passes(&suite::run(&azure).await);
}

#[tokio::test]
async fn a_password_that_the_endpoint_repeats_is_told_to_nobody() {
    let place = Azure::new(Clock::AtOnce, AzureAddresses::Both).await;
    let arm = |fault| place.with(|simulator| simulator.control().fault(fault));
    support::a_password_that_is_repeated_is_told_to_nobody(
        &place,
        ["Servers_CreateOrUpdate", "Servers_Update"],
        arm,
    )
    .await;
}
