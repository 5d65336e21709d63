//! The suite on Cloud SQL, as the simulator shows it: over HTTP, with the vendor's own client.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

mod support;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use pgfleet_conformance::{
    drive,
    suite::{self, Hook, Report, Subject, Words},
};
use pgfleet_model::{
    Address, Mutation, Operation, Owner, ProviderKind, Region, ResourceId, ResourceRef,
};
use pgfleet_provider::{ErrorKind, Provider, Scope};
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use serde_json::json;

const PROJECT: &str = "food";

/// The calls whose first answer is lost on demand.
const LOST: [&str; 3] = ["instances.insert", "instances.patch", "instances.delete"];

/// A simulated Google; another one for every case.
struct Gcp {
    clock: Clock,
    simulator: Mutex<Option<Simulator>>,
}

impl Gcp {
    async fn new(clock: Clock) -> Self {
        let gcp = Self {
            clock,
            simulator: Mutex::new(None),
        };
        gcp.clear().await.unwrap();
        gcp
    }

    fn with<T>(&self, ask: impl FnOnce(&Simulator) -> T) -> T {
        ask(self.simulator.lock().unwrap().as_ref().unwrap())
    }
}

#[async_trait]
impl Subject for Gcp {
    fn name(&self) -> &'static str {
        "Cloud SQL, simulated"
    }

    fn words(&self) -> Words {
        Words {
            provider: ProviderKind::Gcp,
            region: Some("us-east1".to_owned()),
            other_region: "europe-west1".to_owned(),
            sizes: [
                "db-custom-2-7680".to_owned(),
                "db-custom-4-15360".to_owned(),
            ],
            gib: Some(20),
            primary: "password = { command = ['echo', 'a-long-password'] }".to_owned(),
            abroad: String::new(),
            tables: String::new(),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn clear(&self) -> Result<(), String> {
        let next = Simulator::builder().clock(self.clock).start().await;
        let next = next.map_err(|error| error.to_string())?;
        let last = self.simulator.lock().unwrap().replace(next);
        if let Some(last) = last {
            last.shutdown().await;
        }
        Ok(())
    }

    fn provider(&self) -> Arc<dyn Provider> {
        let endpoint = Endpoint::parse(&self.with(Simulator::endpoint), &[]).unwrap();
        Arc::new(GcpProvider::new(PROJECT, endpoint))
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let provider = self.provider();
        drive::remove(provider.as_ref(), resource).await?;
        Ok(Hook::Done)
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let never = json!({"settings": {"activationPolicy": "NEVER"}});
        let never = never.as_object().ok_or("not an object")?;
        self.with(|simulator| {
            let control = simulator.control();
            control.change_gcp_instance(PROJECT, resource.id.as_str(), never)
        })?;
        Ok(Hook::Done)
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let theirs = json!({
            "name": resource.id.as_str(),
            "region": resource.region.as_str(),
            "databaseVersion": "POSTGRES_15",
            "settings": {"tier": "db-custom-1-3840", "edition": "ENTERPRISE"},
        });
        self.with(|simulator| simulator.control().seed_gcp(PROJECT, &theirs))?;
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let scope = Scope {
            regions: BTreeSet::new(),
            fleets: BTreeSet::new(),
        };
        let seen = self.provider().observe(&scope).await.unwrap();
        seen.get(resource).is_some_and(|live| {
            live.owner.is_none() && live.attributes.size.as_deref() == Some("db-custom-1-3840")
        })
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let id = resource.id.as_str();
        self.with(|simulator| simulator.control().set_gcp_state(PROJECT, id, "FAILED"))?;
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

#[tokio::test]
async fn what_is_gone_is_deleted_also_where_it_is_said_to_be_forbidden() {
    let gcp = Gcp::new(Clock::AtOnce).await;
    let provider = gcp.provider();
    let resource = ResourceRef {
        region: Region::new("us-east1"),
        id: ResourceId::new("truck-primary"),
    };
    let owner = Owner {
        fleet: "truck".parse().unwrap(),
        address: Address::Primary,
    };
    let labels = json!(owner.tags());
    let delete = Mutation {
        owner,
        resource: resource.clone(),
        operation: Operation::Delete {
            final_snapshot: true,
            source: None,
        },
        resume: false,
    };
    gcp.with(|simulator| {
        let control = simulator.control();
        control.change_gcp(|options| options.hide_absent = true);
    });
    let gone = drive::carry_out(provider.as_ref(), &delete, None).await;
    assert_eq!(gone, Ok(()));
    // What is there stays, and the permission is told.
    gcp.occupy(&resource).await.unwrap();
    for denied in ["cloudsql.instances.get", "cloudsql.instances.delete"] {
        gcp.with(|simulator| {
            let control = simulator.control();
            let ours = json!({"settings": {"userLabels": labels}});
            control.change_gcp_instance(PROJECT, "truck-primary", ours.as_object().unwrap())?;
            control.change_gcp(|options| options.denied_permissions = vec![denied.to_owned()]);
            Ok::<_, String>(())
        })
        .unwrap();
        let refused = drive::carry_out(provider.as_ref(), &delete, None).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permission);
        assert!(error.remedy.contains(denied), "{}", error.remedy);
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
    // Cloud SQL leaves no change to its window.
    let not_supported = ["wait for the window"];
    assert_eq!(report.not_supported(), not_supported, "{report}");
}

#[tokio::test]
async fn what_takes_no_time_passes() {
    passes(&suite::run(&Gcp::new(Clock::AtOnce).await).await);
}

#[tokio::test]
async fn what_takes_its_time_passes() {
    passes(&suite::run(&Gcp::new(Clock::Scaled(1000.0)).await).await);
}

#[tokio::test]
async fn a_password_that_the_endpoint_repeats_is_told_to_nobody() {
    let place = Gcp::new(Clock::AtOnce).await;
    let arm = |fault| place.with(|simulator| simulator.control().fault(fault));
    support::a_password_that_is_repeated_is_told_to_nobody(
        &place,
        ["instances.insert", "users.update"],
        arm,
    )
    .await;
}
