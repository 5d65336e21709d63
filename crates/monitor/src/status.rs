//! One look at a fleet: who answers, who streams, who is how far behind.

use std::time::Duration;

use futures_util::future::{join, join_all};
use pgfleet_model::{Address, Endpoint, Lag, ResourceId, Role};
use tokio::{sync::watch, time::sleep};

use crate::{
    ConnectError, Credentials, LagEstimator, Target,
    connect::{Session, connect},
    query::{Identity, ReplicaQuestion, ReplicaSample, identify, sample_primary},
    streaming::{Receiver, Sender, Sending, is_streaming, refine, sending},
};

const AURORA: &str = "this is Aurora, whose replicas share their storage and have no position of \
    their own; its lag is not supported";

/// How a look is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusOptions {
    /// The time between two samples.
    pub sample_interval: Duration,
    /// Most samples of a replica; fewer are taken where its lag is known sooner.
    pub samples: u32,
    /// Longest that connecting to an instance may take.
    pub connect_timeout: Duration,
}

impl Default for StatusOptions {
    /// Every 100 ms, 6 times, and 5 s to connect.
    fn default() -> Self {
        Self {
            sample_interval: Duration::from_millis(100),
            samples: 6,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// What was seen of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceStatus {
    /// Its place in the fleet.
    pub address: Address,
    /// Its identifier.
    pub resource_id: ResourceId,
    /// What it is, whatever the fleet takes it for; `None` where it does not answer.
    pub role_observed: Option<Role>,
    /// Where it was asked.
    pub endpoint: Endpoint,
    /// Whether it answers, or why not.
    pub reachable: Result<(), String>,
    /// Whether a replica streams; `None`: not known, or no replica.
    pub streaming: Option<bool>,
    /// Whether a replica's replay is paused, or about to be; `None` as above.
    pub replay_paused: Option<bool>,
    /// What a replica's WAL receiver does, in PostgreSQL's word, or `none`; `None`: not known.
    pub wal_receiver: Option<String>,
    /// Bytes of the primary's log that a replica has not replayed; `None`: not known.
    pub lag_bytes: Option<u64>,
    /// The same in time; `None` for what is meant to be the primary.
    pub lag: Option<Lag>,
}

impl InstanceStatus {
    /// What is known before anything was asked.
    fn of(target: &Target) -> Self {
        let unknown = || Lag::Unknown("not asked yet".to_owned());
        Self {
            address: target.address.clone(),
            resource_id: target.resource_id.clone(),
            role_observed: None,
            endpoint: target.endpoint.clone(),
            reachable: Ok(()),
            streaming: None,
            replay_paused: None,
            wal_receiver: None,
            lag_bytes: None,
            lag: (target.role == Role::Replica).then(unknown),
        }
    }

    fn unreachable(&mut self, error: &ConnectError) {
        self.reachable = Err(error.to_string());
        self.not_known(error.to_string());
    }

    /// Gives up on the lag; only replicas have one.
    fn not_known(&mut self, why: String) {
        self.lag_bytes = None;
        if let Some(lag) = &mut self.lag {
            *lag = Lag::Unknown(why);
        }
    }
}

/// What is known of the primary while replicas are being asked.
enum Primary {
    Connecting,
    /// Its position cannot be had; the text says why.
    Failed(String),
    Up {
        estimator: LagEstimator,
        identity: Identity,
        senders: Vec<Sender>,
    },
}

impl Primary {
    fn is_settled(&self) -> bool {
        !matches!(self, Self::Connecting)
    }
}

/// Looks at a fleet, all instances at once; the primary's status comes first, then the replicas' in
/// their order. Takes about half a second where some lag is not zero, and as long as connecting may
/// take where an instance does not answer.
pub async fn status(
    primary: &Target,
    replicas: &[Target],
    credentials: &Credentials,
    options: &StatusOptions,
) -> Vec<InstanceStatus> {
    let (tell, told) = watch::channel(Primary::Connecting);
    let mut seen = InstanceStatus::of(primary);
    let others = async {
        let mut settling = told.clone();
        let settled = async { settling.wait_for(Primary::is_settled).await.is_ok() };
        let looks = replicas.iter().map(|target| {
            let view = View {
                fleet: replicas,
                primary: told.clone(),
                options,
            };
            view.look(target, credentials)
        });
        join(settled, join_all(looks)).await.1
    };
    let watching = watch_primary(&mut seen, credentials, options, &tell);
    let looks = {
        tokio::pin!(others);
        tokio::select! {
            looks = &mut others => looks,
            () = watching => others.await,
        }
    };
    std::iter::once(seen).chain(looks).collect()
}

/// Samples the primary until it fails, or nobody wants to know any more.
async fn watch_primary(
    seen: &mut InstanceStatus,
    credentials: &Credentials,
    options: &StatusOptions,
    tell: &watch::Sender<Primary>,
) {
    let failed = |why: String| drop(tell.send_replace(Primary::Failed(why)));
    let opened = open(&seen.endpoint, credentials, options).await;
    let (session, identity) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            seen.unreachable(&error);
            return failed(format!("the primary {error}"));
        }
    };
    seen.role_observed = Some(identity.role());
    if identity.in_recovery {
        return failed(format!(
            "the primary {} is itself a replica (in recovery)",
            seen.endpoint
        ));
    }
    if identity.aurora {
        return failed(AURORA.to_owned());
    }
    let interval = options.sample_interval;
    let stale_after = (interval * 5).max(Duration::from_secs(1));
    let mut estimator = Some(LagEstimator::new(Duration::from_secs(3600), stale_after));
    loop {
        let sample = match sample_primary(&session).await {
            Ok(sample) => sample,
            Err(error) => {
                seen.unreachable(&error);
                return failed(format!("the primary {error}"));
            }
        };
        tell.send_modify(|state| {
            if let Some(estimator) = estimator.take() {
                let identity = identity.clone();
                *state = Primary::Up {
                    estimator,
                    identity,
                    senders: Vec::new(),
                };
            }
            if let Primary::Up {
                estimator, senders, ..
            } = state
            {
                estimator.record(sample.at, sample.flushed);
                let before = std::mem::replace(senders, sample.senders);
                for sender in senders {
                    sender.compare(&before);
                }
            }
        });
        sleep(interval).await;
    }
}

async fn open(
    endpoint: &Endpoint,
    credentials: &Credentials,
    options: &StatusOptions,
) -> Result<(Session, Identity), ConnectError> {
    let session = connect(endpoint, credentials, options.connect_timeout).await?;
    let identity = identify(&session).await?;
    Ok((session, identity))
}

/// What a look at a replica needs beside the replica.
struct View<'a> {
    fleet: &'a [Target],
    primary: watch::Receiver<Primary>,
    options: &'a StatusOptions,
}

impl View<'_> {
    async fn look(mut self, target: &Target, credentials: &Credentials) -> InstanceStatus {
        let mut seen = InstanceStatus::of(target);
        if let Err(error) = self.watch(target, credentials, &mut seen).await {
            seen.unreachable(&error);
        }
        seen
    }

    /// Samples a replica until its lag is known, or often enough.
    async fn watch(
        &mut self,
        target: &Target,
        credentials: &Credentials,
        seen: &mut InstanceStatus,
    ) -> Result<(), ConnectError> {
        let (session, identity) = open(&target.endpoint, credentials, self.options).await?;
        seen.role_observed = Some(identity.role());
        if identity.aurora {
            seen.not_known(AURORA.to_owned());
            return Ok(());
        }
        if !identity.in_recovery {
            not_a_replica(seen);
            return Ok(());
        }
        let question = ReplicaQuestion::prepare(&session, identity.version).await?;
        let settled = self.primary.wait_for(Primary::is_settled).await.is_ok();
        debug_assert!(settled, "the sender outlives every look");
        for number in 0..self.options.samples.max(1) {
            if number > 0 {
                sleep(self.options.sample_interval).await;
            }
            let sample = question.ask(&session).await?;
            if self.judge(target, &identity, &sample, seen) {
                break;
            }
        }
        Ok(())
    }

    /// Takes down what a sample says; `true`: more samples would say no more.
    fn judge(
        &self,
        target: &Target,
        identity: &Identity,
        sample: &ReplicaSample,
        seen: &mut InstanceStatus,
    ) -> bool {
        if !sample.in_recovery {
            not_a_replica(seen);
            return true;
        }
        seen.replay_paused = Some(sample.paused);
        seen.wal_receiver = match &sample.receiver {
            Receiver::Gone => Some("none".to_owned()),
            Receiver::Hidden => None,
            Receiver::Seen(status) => Some(status.clone()),
        };
        let (estimator, primary, senders) = match &*self.primary.borrow() {
            Primary::Up {
                estimator,
                identity,
                senders,
            } => (estimator.clone(), identity.clone(), senders.clone()),
            Primary::Failed(why) => {
                seen.streaming = is_streaming(&sample.receiver, Sending::Unclear, false);
                seen.not_known(why.clone());
                return true;
            }
            Primary::Connecting => return false,
        };
        if primary.system.is_some() && identity.system.is_some_and(|it| Some(it) != primary.system)
        {
            seen.streaming = Some(false);
            seen.not_known("it is a copy of another database system than the primary".to_owned());
            return true;
        }
        let sending = sending(&senders, target, self.fleet);
        seen.streaming = is_streaming(&sample.receiver, sending, true);
        let Some(replayed) = sample.replayed else {
            seen.not_known("it has replayed nothing yet".to_owned());
            return false;
        };
        let estimate = estimator.estimate(sample.at, replayed);
        let lag = refine(&estimate, sending, seen.streaming, sample.paused);
        let known = matches!(lag, Lag::Known(_));
        seen.lag_bytes = estimate.bytes;
        seen.lag = Some(lag);
        known
    }
}

fn not_a_replica(seen: &mut InstanceStatus) {
    seen.role_observed = Some(Role::Primary);
    seen.streaming = Some(false);
    seen.not_known("it takes writes: it is no replica (any more)".to_owned());
}
