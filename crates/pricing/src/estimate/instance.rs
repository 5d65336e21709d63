//! One instance's lines of the bill: compute, disk, backups, replication.

use pgfleet_model::{Address, Attributes, Availability, ProviderKind, Region, Role, Storage};

use super::{Bill, CostComponent, Estimator, Item, NotIncluded, Unpriced, disk};
use crate::{
    Gib, Price, Quantity,
    gcp::{Billing, billing},
};

const REFRESH: &str = "run `pgfleet prices refresh`";
const DECLARE_SIZE: &str = "name a class of the provider as `size`";
const DECLARE_DISK: &str = "set `storage.gib` in the plan file";
const DECLARE_IOPS: &str = "set `storage.iops` in the plan file";

/// One instance as it is billed.
#[derive(Debug, Clone, Copy)]
pub struct Billed<'a> {
    /// Its place in the fleet.
    pub address: &'a Address,
    /// Where it runs.
    pub region: &'a Region,
    /// What it is.
    pub attributes: &'a Attributes,
}

/// The lines of one instance in the making.
pub(super) struct Lines<'a, 'b> {
    pub(super) estimator: &'a Estimator<'a>,
    pub(super) instance: Billed<'a>,
    pub(super) bill: &'b mut Bill,
}

impl Lines<'_, '_> {
    /// Writes every line.
    pub(super) fn write(&mut self) {
        self.compute();
        self.disk();
        self.backup();
        self.replication();
    }

    fn provider(&self) -> ProviderKind {
        self.estimator.provider
    }

    /// One server or two. Azure has no standby for replicas, whatever is asked; one in the primary's
    /// own zone costs what one in another does.
    fn availability(&self) -> Availability {
        let attributes = self.instance.attributes;
        let beside = attributes
            .number("same_zone_standby")
            .is_some_and(|n| n > 0);
        match (self.provider(), self.instance.address.role()) {
            (ProviderKind::Azure, Role::Replica) => Availability::Zonal,
            (ProviderKind::Azure, Role::Primary) if beside => Availability::Regional,
            _ => self
                .instance
                .attributes
                .availability
                .unwrap_or(Availability::Zonal),
        }
    }

    /// The vendor's words for it.
    fn zones(&self) -> &'static str {
        match (self.provider(), self.availability()) {
            (ProviderKind::Aws, Availability::Zonal) => "Single-AZ",
            (ProviderKind::Aws, Availability::Regional) => "Multi-AZ",
            (ProviderKind::Gcp, Availability::Zonal) => "zonal",
            (ProviderKind::Gcp, Availability::Regional) => "REGIONAL",
            (_, Availability::Zonal) => "without HA",
            (_, Availability::Regional) => "with HA",
        }
    }

    fn compute(&mut self) {
        let zones = self.zones();
        let Some(size) = self.instance.attributes.size.as_deref() else {
            return self.unpriced(Item::Compute, "the size is not known".into(), DECLARE_SIZE);
        };
        let detail = format!("{size} {zones}");
        let prices = self.estimator.prices;
        let Some(class) = prices.embedded().shape(self.provider(), size) else {
            // Not among the facts' classes; a refreshed list may price it all the same.
            let price = self.price(size);
            return self.line(Item::Compute, detail, Quantity::month(), price);
        };
        if self.provider() != ProviderKind::Gcp {
            let region = self.instance.region;
            let price = prices.hour(self.provider(), region, &class, self.availability());
            return self.line(Item::Compute, detail, Quantity::month(), price);
        }
        match billing(&class) {
            Billing::Whole(meter) => {
                let price = self.price(meter);
                self.line(Item::Compute, detail, Quantity::month(), price);
            }
            Billing::Parts { vcpu, memory } => {
                let hours = Quantity::month();
                let price = self.price(&vcpu);
                let vcpus = Quantity::whole(class.vcpus);
                let text = format!("{vcpus} vCPU, {detail}");
                self.line(Item::Vcpu, text, hours.times(vcpus), price);
                let price = self.price(&memory);
                let text = format!("{} GiB, {detail}", class.memory);
                self.line(
                    Item::Memory,
                    text,
                    hours.times(class.memory.quantity()),
                    price,
                );
            }
        }
    }

    fn disk(&mut self) {
        let zones = self.zones();
        let attributes = self.instance.attributes;
        let Storage {
            gib,
            iops,
            throughput,
            ..
        } = attributes.storage;
        let size = attributes.size.as_deref().unwrap_or_default();
        let word = attributes.storage.kind.as_deref();
        let kind = disk::kind(self.provider(), word, size);
        let Some(gib) = gib else {
            let detail = format!("{}: its size is not known", kind.shown);
            return self.unpriced(Item::Storage, detail, DECLARE_DISK);
        };
        let price = self.price(&kind.meter);
        let detail = format!("{gib} GiB {} {zones}", kind.shown);
        self.line(Item::Storage, detail, Quantity::whole(gib), price);
        let free = disk::free(self.provider(), &kind.meter, gib);
        let meters = [
            (Item::Iops, "iops", iops, free.iops, "IOPS"),
            (
                Item::Throughput,
                "throughput",
                throughput,
                free.throughput,
                "MiB/s",
            ),
        ];
        for (item, meter, wanted, free, unit) in meters {
            let Some(free) = free else { continue };
            let Some(wanted) = wanted else {
                if item == Item::Iops && disk::needs_iops(&kind.meter) {
                    let detail = format!("{}: not known how many", kind.shown);
                    self.unpriced(item, detail, DECLARE_IOPS);
                }
                continue;
            };
            let above = wanted.saturating_sub(free);
            if above > 0 {
                let price = self.price(&format!("{}/{meter}", kind.meter));
                let detail = match free {
                    0 => format!("{wanted} {unit} {} {zones}", kind.shown),
                    _ => format!(
                        "{above} {unit} above the free {free}, {} {zones}",
                        kind.shown
                    ),
                };
                self.line(item, detail, Quantity::whole(above), price);
            }
        }
    }

    /// Backups of a primary: how many GiB they take depends on how much is written.
    fn backup(&mut self) {
        let days = self.instance.attributes.backup_days.unwrap_or(0);
        if days == 0 || self.instance.address.role() == Role::Replica {
            return;
        }
        let free_part = self.provider() != ProviderKind::Gcp;
        let Some(wal) = self.estimator.wal_gib_per_day else {
            let what = if free_part {
                "backups beyond the free part"
            } else {
                "backups"
            };
            let detail = format!("{what}: set `usage.wal_gib_per_day`");
            return self.left_out(Item::Backup, detail);
        };
        let written = wal.quantity().times(Quantity::whole(days));
        // AWS and Azure store as much as the disk holds for nothing, which a first full backup can
        // use up. Google bills that one as well.
        let wal_kept = format!("{days} days of {wal} GiB WAL");
        let (quantity, detail) = if free_part {
            (written, format!("at most {wal_kept}"))
        } else {
            let full = self.instance.attributes.storage.gib.unwrap_or(0);
            let quantity = written.plus(Quantity::whole(full));
            (quantity, format!("at most a full one, {wal_kept}"))
        };
        let region = self.instance.region;
        let price =
            self.estimator
                .prices
                .price(self.provider(), region, "backup", Availability::Zonal);
        self.line(Item::Backup, detail, quantity, price);
    }

    /// Replication to another region; inside a region it is free.
    fn replication(&mut self) {
        let Estimator {
            prices,
            provider,
            primary_region,
            wal_gib_per_day,
        } = *self.estimator;
        let region = self.instance.region;
        if self.instance.address.role() == Role::Primary || region == primary_region {
            return;
        }
        let route = format!("from {primary_region} to {region}");
        let Some(wal) = wal_gib_per_day else {
            let detail = format!("replication {route}: set `usage.wal_gib_per_day`");
            return self.left_out(Item::Replication, detail);
        };
        let price = prices.price(provider, primary_region, "replication", Availability::Zonal);
        let detail = format!("{wal} GiB WAL a day {route}");
        let quantity = wal.quantity().a_day_for_a_month();
        self.line(Item::Replication, detail, quantity, price);
    }

    fn price(&self, meter: &str) -> Price {
        let region = self.instance.region;
        let availability = self.availability();
        self.estimator
            .prices
            .price(self.provider(), region, meter, availability)
    }

    fn line(&mut self, item: Item, detail: String, quantity: Quantity, price: Price) {
        match price {
            Price::Known(quote) => self.bill.components.push(CostComponent {
                address: self.instance.address.clone(),
                item,
                detail,
                quantity,
                quote,
            }),
            Price::NotFound => {
                let detail = format!("{detail} in {}", self.instance.region);
                self.unpriced(item, detail, REFRESH);
            }
        }
    }

    fn unpriced(&mut self, item: Item, detail: String, remedy: &'static str) {
        self.bill.unpriced.push(Unpriced {
            address: self.instance.address.clone(),
            item,
            detail,
            remedy,
        });
    }

    fn left_out(&mut self, item: Item, detail: String) {
        self.bill.not_included.push(NotIncluded {
            address: self.instance.address.clone(),
            item,
            detail,
        });
    }
}

/// The volume of WAL that a plan file declares, as an exact amount.
pub fn wal_gib_per_day(declared: Option<f64>) -> Option<Gib> {
    declared.and_then(Gib::from_plan)
}
