//! The suite on the platform in memory, in every kind that its rules can make.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use pgfleet_conformance::{
    memory::{Fault, LaneKind, MemoryCloud, MemoryProvider, MemoryRules, Orphans, What},
    suite::{self, Hook, Report, Subject, Words},
};
use pgfleet_model::ResourceRef;
use pgfleet_provider::Provider;

struct Memory {
    rules: MemoryRules,
    cloud: Mutex<MemoryCloud>,
    offences: Mutex<Vec<String>>,
    /// The mutations whose answer was lost on demand.
    struck: Arc<Mutex<BTreeSet<String>>>,
}

impl Memory {
    fn new(rules: MemoryRules) -> Self {
        let cloud = Mutex::new(MemoryCloud::new(rules.clone()));
        Self {
            rules,
            cloud,
            offences: Mutex::default(),
            struck: Arc::default(),
        }
    }

    fn cloud(&self) -> MemoryCloud {
        self.cloud.lock().unwrap().clone()
    }

    /// Keeps what the last case did that no careful caller does.
    fn gather(&self) {
        self.offences
            .lock()
            .unwrap()
            .extend(self.cloud().history().offences);
    }
}

fn done(was_there: bool) -> Result<Hook, String> {
    if was_there {
        Ok(Hook::Done)
    } else {
        Err("it is not there".to_owned())
    }
}

#[async_trait]
impl Subject for Memory {
    fn name(&self) -> &'static str {
        "the platform in memory"
    }

    fn words(&self) -> Words {
        Words {
            provider: self.rules.kind,
            region: Some("here".to_owned()),
            other_region: "there".to_owned(),
            sizes: ["m.large".to_owned(), "m.huge".to_owned()],
            gib: Some(20),
            primary: String::new(),
            abroad: String::new(),
            tables: String::new(),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(24 * 3600)
    }

    async fn clear(&self) -> Result<(), String> {
        self.gather();
        *self.cloud.lock().unwrap() = MemoryCloud::new(self.rules.clone());
        Ok(())
    }

    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(MemoryProvider::new(self.cloud()))
    }

    async fn leftovers(&self) -> Vec<String> {
        self.cloud()
            .inventory()
            .instances()
            .keys()
            .map(ToString::to_string)
            .collect()
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        done(self.cloud().remove(resource))
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        done(self.cloud().stop(resource))
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        done(self.cloud().damage(resource, "the disk is full of holes"))
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        self.cloud().add_foreign(resource.clone(), None);
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let inventory = self.cloud().inventory();
        inventory
            .get(resource)
            .is_some_and(|live| live.owner.is_none())
    }

    async fn lose_answers(&self) -> Result<Hook, String> {
        let struck = Arc::clone(&self.struck);
        struck.lock().unwrap().clear();
        self.cloud().set_faults(move |what| {
            let What::Begin(mutation) = what else {
                return None;
            };
            let key = format!("{} {}", mutation.operation.verb(), mutation.resource);
            let is_first = struck.lock().unwrap().insert(key);
            is_first.then_some(Fault::LostAnswer)
        });
        Ok(Hook::Done)
    }

    async fn answers_kept(&self) -> Vec<String> {
        let struck = self.struck.lock().unwrap();
        let kept = ["create", "change", "delete"].into_iter();
        let kept = kept.filter(|verb| !struck.iter().any(|key| key.starts_with(verb)));
        kept.map(ToOwned::to_owned).collect()
    }
}

async fn examine(rules: MemoryRules) -> Report {
    let memory = Memory::new(rules);
    let report = suite::run(&memory).await;
    assert!(report.is_passed(), "{report}");
    assert_eq!(report.not_run(), Vec::<&str>::new(), "{report}");
    memory.gather();
    assert_eq!(*memory.offences.lock().unwrap(), Vec::<String>::new());
    report
}

#[tokio::test(start_paused = true)]
async fn like_rds() {
    let report = examine(MemoryRules::like_rds()).await;
    assert_eq!(
        report.not_supported(),
        ["a stale revision", "adopt and release"],
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn like_cloud_sql() {
    let report = examine(MemoryRules::like_cloud_sql()).await;
    let not_supported = ["wait for the window", "adopt and release"];
    assert_eq!(report.not_supported(), not_supported, "{report}");
}

#[tokio::test(start_paused = true)]
async fn like_azure() {
    let report = examine(MemoryRules::like_azure()).await;
    assert_eq!(
        report.not_supported(),
        [
            "wait for the window",
            "adopt and release",
            "a replica in two zones",
            "a final snapshot"
        ],
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn with_as_little_as_can_be() {
    let report = examine(MemoryRules::bare()).await;
    assert_eq!(report.not_supported().len(), 10, "{report}");
}

#[tokio::test(start_paused = true)]
async fn in_every_mixture() {
    for bits in 0..32_u8 {
        let bit = |number: u8| bits & (1 << number) != 0;
        let rules = MemoryRules {
            compare_and_set: bit(0),
            pending_values: bit(1),
            named_operations: bit(2),
            lanes: if bit(3) {
                LaneKind::Primary
            } else {
                LaneKind::Instance
            },
            orphans: if bit(4) {
                Orphans::Promoted
            } else {
                Orphans::Refused
            },
            forgets_multi_az: bit(1) != bit(3),
            ..MemoryRules::like_rds()
        };
        examine(rules).await;
    }
}

/// What the suite is for: a platform that declares what it does not do is found out.
#[tokio::test(start_paused = true)]
async fn a_false_promise_is_found_out() {
    struct Boaster(Memory);

    #[async_trait]
    impl Subject for Boaster {
        fn name(&self) -> &'static str {
            "one that cannot start what is stopped, and says that it can"
        }
        fn words(&self) -> Words {
            self.0.words()
        }
        fn patience(&self) -> Duration {
            Duration::from_secs(24 * 3600)
        }
        async fn clear(&self) -> Result<(), String> {
            self.0.clear().await
        }
        fn provider(&self) -> Arc<dyn Provider> {
            let boasts = MemoryRules {
                start: true,
                multi_az_replica: true,
                ..self.0.rules.clone()
            };
            Arc::new(MemoryProvider::declaring(self.0.cloud(), boasts))
        }
        async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
            self.0.stop(resource).await
        }
        async fn is_untouched(&self, _resource: &ResourceRef) -> bool {
            false
        }
        async fn answers_kept(&self) -> Vec<String> {
            Vec::new()
        }
    }

    let rules = MemoryRules {
        start: false,
        multi_az_replica: false,
        ..MemoryRules::like_rds()
    };
    let report = suite::run(&Boaster(Memory::new(rules))).await;
    assert_eq!(
        report.failed(),
        ["stopped", "a replica in two zones"],
        "{report}"
    );
    // It has no other hands, which is counted as such.
    let not_run = [
        "missing",
        "broken",
        "lost answers",
        "a name that another holds",
    ];
    assert_eq!(report.not_run(), not_run, "{report}");
}
