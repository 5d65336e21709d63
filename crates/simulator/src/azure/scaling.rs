//! Which changes a server may make, by itself and beside its source and its replicas.

use super::call::Call;
use super::catalog::{BURSTABLE, major};
use super::create::check_availability;
use super::refusal::{Outcome, Refusal};
use super::state::{Server, Settings};

impl Call<'_> {
    /// Refuses what a server may not become.
    pub(super) fn check_change(&self, server: &Server, next: &Settings) -> Outcome<()> {
        let now = &server.settings;
        self.check_storage(server, next)?;
        if major(&next.version) < major(&now.version) {
            return Err(Refusal::parameter_since(
                "version",
                "The version cannot be lowered.",
            ));
        }
        let region = self.region(&server.location)?;
        if now.tier == BURSTABLE && next.tier != BURSTABLE && next.highly_available() {
            return Err(Refusal::new(
                400,
                "HighAvailabilityNotSupportedForBurstable",
                "The tier and high availability cannot be changed in one step. Change the tier \
                 first.",
            ));
        }
        check_availability(next, &region)?;
        self.check_cores(&server.location, next, Some(&server.key()))?;
        self.check_replicas(server, next)?;
        match &server.source {
            Some(source) => self.check_beside_source(server, next, source),
            None => Ok(()),
        }
    }

    fn check_storage(&self, server: &Server, next: &Settings) -> Outcome<()> {
        let (now, next) = (&server.settings.storage, &next.storage);
        if now.kind != next.kind {
            return Err(Refusal::parameter_since(
                "storage.type",
                "The type of storage cannot be changed.",
            ));
        }
        if next.gib < now.gib {
            return Err(Refusal::new(
                400,
                "StorageSizeReductionNotSupported",
                format!(
                    "Storage cannot be reduced: it is {} GiB, and {} GiB were asked for.",
                    now.gib, next.gib
                ),
            ));
        }
        // A tier that grows with its disk is not a change of tier.
        let own_change = next.tier != now.tier && next.gib == now.gib;
        let pause = self.timing.tier_pause.saturating_mul(1000);
        let recent = server
            .tier_changed
            .is_some_and(|at| at.saturating_add(pause) > self.now);
        if own_change && recent {
            return Err(Refusal::new(
                400,
                "StorageTierChangeNotAllowed",
                "The performance tier can be changed again twelve hours after its last change.",
            ));
        }
        Ok(())
    }

    /// A source may not outgrow its replicas.
    fn check_replicas(&self, server: &Server, next: &Settings) -> Outcome<()> {
        let key = server.key();
        let now = &server.settings;
        for replica in self.world.replicas_of(&key) {
            let of = &replica.settings;
            if next.tier == BURSTABLE {
                return Err(Refusal::new(
                    400,
                    "BurstableNotSupportedWithReplicas",
                    "A server with read replicas cannot change to the Burstable tier.",
                ));
            }
            if next.sku != now.sku && self.power(next) > self.power(of) {
                return Err(too_small("compute", &server.name, &replica.name));
            }
            if next.storage.gib > now.storage.gib && next.storage.gib > of.storage.gib {
                return Err(too_small("storage", &server.name, &replica.name));
            }
            if next.storage.auto_grow && !of.storage.auto_grow {
                return Err(auto_grow(
                    "Turn storage autogrow on for all read replicas before the primary.",
                ));
            }
            if next.version != now.version {
                return Err(Refusal::new(
                    400,
                    "MajorVersionUpgradeNotAllowedWithReplicas",
                    "A server with read replicas cannot be upgraded. Delete the replicas first.",
                ));
            }
        }
        Ok(())
    }

    /// A replica may not fall behind its source.
    fn check_beside_source(&self, server: &Server, next: &Settings, source: &str) -> Outcome<()> {
        let now = &server.settings;
        if next.highly_available() {
            return Err(Refusal::new(
                400,
                "HighAvailabilityNotSupportedForReplica",
                "High availability is not supported for read replicas.",
            ));
        }
        if next.tier == BURSTABLE {
            return Err(Refusal::new(
                400,
                "ReadReplicaNotSupportedForBurstable",
                "Read replicas are not supported for the Burstable tier.",
            ));
        }
        if next.version != now.version {
            return Err(Refusal::new(
                400,
                "MajorVersionUpgradeNotAllowedForReplica",
                "A read replica cannot be upgraded.",
            ));
        }
        if next.backup_days != now.backup_days {
            return Err(Refusal::parameter_since(
                "backup.backupRetentionDays",
                "It cannot be set for a read replica.",
            ));
        }
        let Some(source) = self.world.servers.get(source) else {
            return Ok(());
        };
        let of = &source.settings;
        if next.sku != now.sku && self.power(next) < self.power(of) {
            return Err(too_small("compute", &source.name, &server.name));
        }
        if now.storage.auto_grow && !next.storage.auto_grow && of.storage.auto_grow {
            return Err(auto_grow(
                "Turn storage autogrow off for the primary before its read replicas.",
            ));
        }
        Ok(())
    }

    /// A new replica is at least as large as its source, and grows where its source does.
    pub(super) fn check_replica_size(&self, next: &Settings, source: &Server) -> Outcome<()> {
        let of = &source.settings;
        let new = &self.asked.server;
        if self.power(next) < self.power(of) {
            return Err(too_small("compute", &source.name, new));
        }
        if next.storage.gib < of.storage.gib {
            return Err(too_small("storage", &source.name, new));
        }
        if of.storage.auto_grow && !next.storage.auto_grow {
            return Err(auto_grow(
                "Storage autogrow must be on for a replica whose primary has it on.",
            ));
        }
        Ok(())
    }

    /// vCores, then memory.
    fn power(&self, settings: &Settings) -> (u32, u32) {
        let size = self.options.size(&settings.sku);
        size.map_or((0, 0), |(_, size)| (size.cores, size.memory_mib))
    }
}

fn too_small(what: &str, primary: &str, replica: &str) -> Refusal {
    Refusal::new(
        400,
        "ReplicaSmallerThanPrimary",
        format!(
            "The {what} of the primary server '{primary}' cannot be larger than that of its read \
             replica '{replica}'."
        ),
    )
}

fn auto_grow(message: &str) -> Refusal {
    Refusal::new(400, "StorageAutoGrowNotAllowed", message)
}
