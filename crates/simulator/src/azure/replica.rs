//! PUT with `createMode` `Replica`, and promotion.

use super::call::{Body, Call};
use super::catalog::{BURSTABLE, major};
use super::operation::OperationKind;
use super::options::Region;
use super::refusal::{Answer, Outcome, Refusal};
use super::request::server_id;
use super::state::{Server, key};
use super::steps::Effect;
use std::collections::BTreeMap;

impl Call<'_> {
    pub(super) fn create_replica(
        &mut self,
        body: &Body,
        location: String,
        region: &Region,
    ) -> Outcome<Answer> {
        let source = body
            .text("/properties/sourceServerResourceId")
            .and_then(server_id)
            .map(|(subscription, group, name)| key(&subscription, &group, &name))
            .ok_or_else(|| Refusal::parameter("sourceServerResourceId"))?;
        not_for_replicas(body)?;
        let source = self.ready(&source)?.clone();
        self.check_source(&source, body)?;
        let mut from = source.settings.clone();
        from.tags = BTreeMap::new();
        from.window = None;
        from.backup_days = 7;
        "Disabled".clone_into(&mut from.availability);
        from.standby_zone = None;
        let settings = self.changed(&from, body)?;
        if settings.tier == BURSTABLE {
            return Err(burstable());
        }
        self.check_replica_size(&settings, &source)?;
        self.check_cores(&location, &settings, None)?;
        let (subnet, dns_zone) = super::create::network(body)?;
        let geo = location != source.location;
        let server = Server {
            subscription: self.asked.subscription.clone(),
            group: self.group_name(),
            name: self.asked.server.clone(),
            zone: self.zone(body, region)?,
            location,
            administrator: source.administrator.clone(),
            geo_backup: false,
            availability_state: "NotEnabled".to_owned(),
            source: Some(source.key()),
            geo,
            promoted: None,
            state: self.options.creating_state.clone(),
            created: self.now,
            settled: 0,
            tier_changed: None,
            databases: source.databases.clone(),
            firewall_rules: BTreeMap::new(),
            virtual_endpoints: BTreeMap::new(),
            settings,
            subnet,
            dns_zone,
        };
        let (own, source) = (server.key(), source.key());
        let location = server.location.clone();
        self.world.servers.insert(own.clone(), server);
        let seconds = if geo {
            self.timing.create_geo_replica
        } else {
            self.timing.create_replica
        };
        let kind = OperationKind::CreateReplica;
        let id = self.begin(kind, &own, Some(source.clone()), location);
        self.mark(&source, "Updating");
        let settled = self.settled_after(seconds);
        self.then(
            &id,
            [
                (seconds, own.clone(), Effect::Ready { settled }),
                (0, source, Effect::Ready { settled }),
                (0, own.clone(), Effect::Over(None)),
            ],
        );
        Ok(self.created(&id, &own))
    }

    pub(super) fn mark(&mut self, key: &str, state: &str) {
        if let Some(server) = self.world.servers.get_mut(key) {
            state.clone_into(&mut server.state);
        }
    }

    fn check_source(&self, source: &Server, body: &Body) -> Outcome<()> {
        if source.settings.tier == BURSTABLE {
            return Err(burstable());
        }
        let version = body.text("/properties/version");
        if version.is_some_and(|version| version != source.settings.version) {
            return Err(Refusal::parameter_since(
                "version",
                "A replica has its source's version.",
            ));
        }
        if let Some(above) = &source.source {
            let above = self.world.servers.get(above);
            let third = above.is_some_and(|above| above.source.is_some());
            if third || major(&source.settings.version) < 14 {
                return Err(Refusal::new(
                    400,
                    "CascadingReadReplicaNotSupported",
                    "A replica of a replica needs PostgreSQL 14 or newer, and may not itself have \
                     replicas.",
                ));
            }
        }
        let count = self.world.replicas_of(&source.key()).count();
        let limit = self.options.replica_quota;
        if count >= limit {
            return Err(Refusal::new(
                400,
                "ReadReplicaLimitExceeded",
                format!(
                    "The server '{}' already has {count} read replicas; at most {limit} are \
                     allowed.",
                    source.name
                ),
            ));
        }
        Ok(())
    }

    /// PATCH that promotes a replica. None where the body asks for no such thing.
    pub(super) fn promote(&mut self, body: &Body) -> Outcome<Option<Answer>> {
        let mode = body.text("/properties/replica/promoteMode");
        let role = body
            .text("/properties/replica/role")
            .or_else(|| body.text("/properties/replicationRole"));
        let own = self.key();
        let current = self.found()?;
        let Some(source) = current.source.clone() else {
            return match (mode, role) {
                (None, None) => Ok(None),
                (None, Some(role)) if role == current.role() => Ok(None),
                _ => Err(Refusal::new(
                    400,
                    "PromoteNotSupportedForNonReplica",
                    format!("The server '{}' is not a read replica.", current.name),
                )),
            };
        };
        let mode = match (mode, role) {
            (Some(mode), _) => mode,
            (None, Some("None")) => "standalone",
            (None, Some(role)) if role == current.role() => return Ok(None),
            (None, Some(_)) => return Err(Refusal::parameter("replicationRole")),
            (None, None) => return Ok(None),
        };
        let option = body.text("/properties/replica/promoteOption");
        let forced = option == Some("forced");
        if mode == "switchover" {
            self.check_switchover(&source)?;
        }
        self.ready(&own)?;
        // A forced promotion does not wait for a source, which may be lost.
        if !forced {
            self.ready(&source)?;
        }
        let location = self.found()?.location.clone();
        let kind = OperationKind::Promote;
        let id = self.begin(kind, &own, Some(source.clone()), location);
        self.mark(&own, "Updating");
        self.mark(&source, "Updating");
        let (seconds, effect) = if mode == "switchover" {
            (self.timing.switchover, Effect::SwitchedOver)
        } else {
            let role = self.options.promoted_role.clone();
            (self.timing.promote, Effect::Promoted(role))
        };
        let settled = self.settled_after(seconds);
        self.then(
            &id,
            [
                (seconds, own.clone(), effect),
                (0, own.clone(), Effect::Ready { settled }),
                (0, source, Effect::Ready { settled }),
                (0, own, Effect::Over(None)),
            ],
        );
        Ok(Some(self.accepted(&id)))
    }

    /// Both alike, and a virtual endpoint that follows the primary.
    fn check_switchover(&self, source: &str) -> Outcome<()> {
        let replica = self.found()?;
        let refused = |why: String| Err(Refusal::new(400, "SwitchoverNotAllowed", why));
        let Some(source) = self.world.servers.get(source) else {
            return refused("The primary server does not exist any more.".to_owned());
        };
        let (one, other) = (&replica.settings, &source.settings);
        if one.sku != other.sku || one.storage != other.storage {
            return refused(format!(
                "The compute size and the storage of '{}' and '{}' must be the same.",
                replica.name, source.name
            ));
        }
        if source.source.is_some() {
            return refused("The primary of the replica is itself a replica.".to_owned());
        }
        if source.virtual_endpoints.is_empty() {
            return refused(format!(
                "The primary server '{}' has no virtual endpoint.",
                source.name
            ));
        }
        Ok(())
    }
}

fn burstable() -> Refusal {
    Refusal::new(
        400,
        "ReadReplicaNotSupportedForBurstable",
        "Read replicas are not supported for the Burstable tier.",
    )
}

/// Replicas have no high availability, no backups, and no administrator of their own.
fn not_for_replicas(body: &Body) -> Outcome<()> {
    no_availability(body)?;
    let fields = [
        "/properties/backup",
        "/properties/pointInTimeUTC",
        "/properties/administratorLogin",
        "/properties/administratorLoginPassword",
    ];
    match fields.iter().find(|path| body.at(path).is_some()) {
        Some(path) => Err(Refusal::parameter_since(
            &path[1..].replace('/', "."),
            "It cannot be set for a read replica.",
        )),
        None => Ok(()),
    }
}

pub(super) fn no_availability(body: &Body) -> Outcome<()> {
    match body.text("/properties/highAvailability/mode") {
        None | Some("Disabled") => Ok(()),
        Some(_) => Err(Refusal::new(
            400,
            "HighAvailabilityNotSupportedForReplica",
            "High availability is not supported for read replicas.",
        )),
    }
}
