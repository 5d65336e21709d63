//! The suite on RDS, as the simulator shows it: over HTTP, with the vendor's own SDK.

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
use pgfleet_model::{Mutation, Operation, ProviderKind, Region, ResourceRef};
use pgfleet_planner::Goal;
use pgfleet_provider::{Progress, Provider, Scope, Secrets};
use pgfleet_providers::aws::{AwsOptions, AwsProvider};
use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};

/// The calls whose first answer is lost on demand.
const LOST: [&str; 4] = [
    "CreateDBInstance",
    "CreateDBInstanceReadReplica",
    "ModifyDBInstance",
    "DeleteDBInstance",
];

/// A simulated AWS; another one for every case.
struct Aws {
    clock: Clock,
    simulator: Mutex<Option<Simulator>>,
}

impl Aws {
    async fn new(clock: Clock) -> Self {
        let aws = Self {
            clock,
            simulator: Mutex::new(None),
        };
        aws.clear().await.unwrap();
        aws
    }

    fn with<T>(&self, ask: impl FnOnce(&Simulator) -> T) -> T {
        ask(self.simulator.lock().unwrap().as_ref().unwrap())
    }
}

#[async_trait]
impl Subject for Aws {
    fn name(&self) -> &'static str {
        "RDS, simulated"
    }

    fn words(&self) -> Words {
        Words {
            provider: ProviderKind::Aws,
            region: Some("us-east-1".to_owned()),
            other_region: "eu-west-1".to_owned(),
            sizes: ["db.r6g.large".to_owned(), "db.r6g.xlarge".to_owned()],
            gib: Some(20),
            primary: "password = { command = ['echo', 'a-long-password'] }".to_owned(),
            abroad: "aws = { kms_key = 'arn:aws:kms:eu-west-1:123456789012:key/example' }"
                .to_owned(),
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
        let options = AwsOptions {
            simulated_endpoint: Some(self.with(Simulator::endpoint)),
            ..AwsOptions::default()
        };
        Arc::new(AwsProvider::new(options, Region::new("us-east-1")))
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let provider = self.provider();
        drive::remove(provider.as_ref(), resource).await?;
        Ok(Hook::Done)
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let (region, id) = (resource.region.as_str(), resource.id.as_str());
        self.with(|simulator| simulator.control().set_aws_status(region, id, "stopped"))?;
        Ok(Hook::Done)
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let theirs = [
            ("DBInstanceIdentifier", resource.id.as_str()),
            ("DBInstanceClass", "db.m5.large"),
            ("Engine", "postgres"),
            ("AllocatedStorage", "100"),
            ("MasterUsername", "theirs"),
            ("MasterUserPassword", "a-long-password"),
        ];
        let region = resource.region.as_str();
        self.with(|simulator| simulator.control().seed_aws(region, &theirs))?;
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let scope = Scope {
            regions: [resource.region.clone()].into(),
            fleets: BTreeSet::new(),
        };
        let seen = self.provider().observe(&scope).await.unwrap();
        seen.get(resource).is_some_and(|live| {
            live.owner.is_none() && live.attributes.size.as_deref() == Some("db.m5.large")
        })
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let (region, id) = (resource.region.as_str(), resource.id.as_str());
        self.with(|simulator| simulator.control().set_aws_status(region, id, "failed"))?;
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
    // The listing of RDS shows no revision, and its limit of replicas is a quota that can be raised.
    let not_supported = ["a stale revision", "more replicas than allowed"];
    assert_eq!(report.not_supported(), not_supported, "{report}");
}

#[tokio::test]
async fn what_takes_no_time_passes() {
    passes(&suite::run(&Aws::new(Clock::AtOnce).await).await);
}

#[tokio::test]
async fn what_takes_its_time_passes() {
    passes(&suite::run(&Aws::new(Clock::Scaled(1000.0)).await).await);
}

#[tokio::test]
async fn an_instance_that_somebody_deletes_while_it_is_made_is_not_waited_for() {
    let aws = Aws::new(Clock::Manual).await;
    let provider = aws.provider();
    let spec = drive::spec(
        "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
         size = 'db.m5.large'\npassword = { command = ['echo', 'a-long-password'] }\n\
         [protect]\ndeletion = false\n",
    );
    let plan = drive::plan_now(provider.as_ref(), &spec.unwrap(), Goal::Apply).await;
    let create = plan.unwrap().steps.remove(0).mutation;
    let making = provider.begin(&create, None, &Secrets).await.unwrap();
    let making = [making];
    let goes_on = async || {
        let progress = provider.poll(&making).await.remove(0);
        progress.map(|progress| matches!(progress, Progress::Running { .. }))
    };
    assert_eq!(goes_on().await, Ok(true));
    let delete = Mutation {
        operation: Operation::Delete {
            final_snapshot: false,
            source: None,
        },
        ..create.clone()
    };
    let somebody = aws.provider();
    somebody.begin(&delete, None, &Secrets).await.unwrap();
    aws.with(|simulator| simulator.control().advance(Duration::from_secs(3600)))
        .unwrap();
    // One list that lacks it may be late, another one is not.
    assert_eq!(goes_on().await, Ok(true));
    let error = goes_on().await.unwrap_err();
    assert!(
        error
            .message
            .contains("truck-primary is gone: somebody else has deleted it"),
        "{error:?}"
    );
    assert!(error.remedy.contains("another apply"), "{error:?}");
    // So it does.
    let anew = provider.begin(&create, None, &Secrets).await.unwrap();
    assert!(provider.poll(&[anew]).await.remove(0).is_ok());
}

#[tokio::test]
async fn a_password_that_the_endpoint_repeats_is_told_to_nobody() {
    let place = Aws::new(Clock::AtOnce).await;
    let arm = |fault| place.with(|simulator| simulator.control().fault(fault));
    support::a_password_that_is_repeated_is_told_to_nobody(
        &place,
        ["CreateDBInstance", "ModifyDBInstance"],
        arm,
    )
    .await;
}
