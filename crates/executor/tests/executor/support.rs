//! A fleet on the platform in memory, for the executor to run.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pgfleet_conformance::{
    drive::{self, Recorder},
    memory::{MemoryCloud, MemoryProvider, MemoryRules, What},
};
use pgfleet_executor::{FleetReport, Options, Stop};
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, Operation, ResourceRef};
use pgfleet_planner::{FleetPlan, Goal, Platform};
use pgfleet_provider::{
    Login, Operation as Underway, Progress, Provider, ProviderError, Scope, Secrets,
};
use pgfleet_spec::Spec;

/// One cloud and a process that talks to it.
pub(crate) struct Bench {
    pub(crate) cloud: MemoryCloud,
    pub(crate) provider: Arc<dyn Provider>,
    word: &'static str,
}

impl Bench {
    pub(crate) fn new(rules: MemoryRules) -> Self {
        let word = rules.kind.as_str();
        let cloud = MemoryCloud::new(rules);
        let provider = Arc::new(MemoryProvider::new(cloud.clone()));
        Self {
            cloud,
            provider,
            word,
        }
    }

    /// A fleet `food` with this many replicas and more lines.
    pub(crate) fn spec(&self, replicas: u32, head: &str, group: &str) -> Spec {
        let word = self.word;
        drive::spec(&format!(
            "fleet = 'food'\nprovider = '{word}'\nregion = 'here'\n{head}\n\
             [primary]\nsize = 'm.large'\nstorage = {{ gib = 20 }}\n\
             [[replicas]]\ncount = {replicas}\n{group}\n[protect]\ndeletion = false\n"
        ))
        .unwrap()
    }

    pub(crate) async fn plan(&self, spec: &Spec, goal: Goal) -> FleetPlan {
        let plan = drive::plan_now(self.provider.as_ref(), spec, goal)
            .await
            .unwrap();
        assert_eq!(drive::refusals(&plan), Vec::<String>::new());
        plan
    }

    /// Plans and runs.
    pub(crate) async fn run(
        &self,
        spec: &Spec,
        goal: Goal,
        options: Options,
        stop: &Stop,
        recorder: &mut Recorder<'_>,
    ) -> FleetReport {
        let plan = self.plan(spec, goal).await;
        self.carry_out(spec, plan, options, stop, recorder).await
    }

    /// Runs a plan; a run that goes on for two days of the clock of the test goes on forever.
    pub(crate) async fn carry_out(
        &self,
        spec: &Spec,
        plan: FleetPlan,
        options: Options,
        stop: &Stop,
        recorder: &mut Recorder<'_>,
    ) -> FleetReport {
        let running = drive::run(&self.provider, spec, plan, options, stop, recorder);
        let ended = tokio::time::timeout(Duration::from_secs(48 * 3600), running).await;
        ended.expect("the run does not end").unwrap()
    }

    /// Plans and runs with the defaults, and keeps the events.
    pub(crate) async fn apply(&self, spec: &Spec) -> (FleetReport, Recorder<'static>) {
        let mut recorder = Recorder::default();
        let options = Options::default();
        let report = self
            .run(spec, Goal::Apply, options, &Stop::default(), &mut recorder)
            .await;
        (report, recorder)
    }

    /// The name of one of the fleet's instances.
    pub(crate) fn name(&self, address: &str) -> ResourceRef {
        let inventory = self.cloud.inventory();
        let found = inventory.instances().values().find(|live| {
            live.owner
                .as_ref()
                .is_some_and(|owner| owner.address.to_string() == address)
        });
        found
            .unwrap_or_else(|| panic!("there is no {address}"))
            .resource
            .clone()
    }
}

/// The platforms whose ways differ most.
pub(crate) fn every_kind() -> [MemoryRules; 3] {
    [
        MemoryRules::like_rds(),
        MemoryRules::like_cloud_sql(),
        MemoryRules::like_azure(),
    ]
}

/// Whether a call asks to make the replica with this identifier.
pub(crate) fn creates(what: &What, id: &str) -> bool {
    let What::Begin(mutation) = what else {
        return false;
    };
    mutation.resource.id.as_str() == id
        && matches!(
            mutation.operation,
            Operation::CreateReplica { .. } | Operation::CreatePrimary { .. }
        )
}

/// What a platform does otherwise than the one in memory.
#[async_trait]
pub(crate) trait Otherwise: Send + Sync {
    async fn observe(
        &self,
        inner: &dyn Provider,
        scope: &Scope,
    ) -> Result<Inventory, ProviderError> {
        inner.observe(scope).await
    }

    async fn begin(
        &self,
        inner: &dyn Provider,
        mutation: &Mutation,
    ) -> Result<Underway, ProviderError> {
        inner.begin(mutation, None, &Secrets).await
    }

    async fn poll(
        &self,
        inner: &dyn Provider,
        operations: &[Underway],
    ) -> Vec<Result<Progress, ProviderError>> {
        inner.poll(operations).await
    }

    async fn own_login(
        &self,
        inner: &dyn Provider,
        primary: &ResourceRef,
    ) -> Result<Option<Login>, ProviderError> {
        inner.own_login(primary).await
    }
}

/// A platform that does some things otherwise.
struct Altered<T>(Arc<dyn Provider>, Arc<T>);

impl Bench {
    /// From now on the platform does some things otherwise.
    pub(crate) fn alter<T: Otherwise + 'static>(&mut self, otherwise: T) -> Arc<T> {
        let otherwise = Arc::new(otherwise);
        let inner = Arc::clone(&self.provider);
        self.provider = Arc::new(Altered(inner, Arc::clone(&otherwise)));
        otherwise
    }
}

#[async_trait]
impl<T: Otherwise> Provider for Altered<T> {
    fn platform(&self) -> &dyn Platform {
        self.0.platform()
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        self.0.identity().await
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        self.1.observe(self.0.as_ref(), scope).await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        self.0.preflight(mutations).await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        _expect: Option<&ObjectVersion>,
        _secrets: &Secrets,
    ) -> Result<Underway, ProviderError> {
        self.1.begin(self.0.as_ref(), mutation).await
    }

    async fn poll(&self, operations: &[Underway]) -> Vec<Result<Progress, ProviderError>> {
        self.1.poll(self.0.as_ref(), operations).await
    }

    async fn own_login(&self, primary: &ResourceRef) -> Result<Option<Login>, ProviderError> {
        self.1.own_login(self.0.as_ref(), primary).await
    }
}
