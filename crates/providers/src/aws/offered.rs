//! Whether RDS has on offer what a plan wants made or resized.
//!
//! An offer is one row: a class with one version and one kind of disk. All that is wanted has to be
//! found in one row together.

use aws_sdk_rds::types::OrderableDbInstanceOption as Offer;
use pgfleet_model::{Address, Check, PgVersion, ProviderKind, Region, Storage};
use pgfleet_pricing::Catalog;

use super::GUIDE;

/// Something that a plan wants made or resized.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) region: Region,
    pub(super) class: String,
    /// What it runs, or shall run; `None` where RDS picks it.
    pub(super) postgres: Option<PgVersion>,
    pub(super) two_zones: bool,
    pub(super) replica: bool,
    /// The disk of what is made.
    pub(super) storage: Storage,
    pub(super) address: Address,
}

impl Wish {
    fn refused(&self, code: &str, message: String, remedy: &str, page: &str) -> Check {
        Check::error(code, message)
            .at(&self.address)
            .remedy(remedy)
            .source(format!("{GUIDE}{page}"))
    }
}

/// What is against a wish where RDS may not be asked: the embedded catalog knows no such class.
pub(super) fn known(wish: &Wish) -> Option<Check> {
    let Wish { region, class, .. } = wish;
    let catalog = Catalog::embedded();
    let unknown = catalog.knows_region(ProviderKind::Aws, region)
        && catalog.class(ProviderKind::Aws, region, class).is_none();
    unknown.then(|| {
        wish.refused(
            "aws/class",
            format!("pgfleet knows no class {class}, and may not ask RDS whether there is one"),
            "name another class, or allow rds:DescribeOrderableDBInstanceOptions",
            CLASSES,
        )
    })
}

const CLASSES: &str = "Concepts.DBInstanceClass.html";
const DISKS: &str = "CHAP_Storage.html";

/// What RDS's offers of the class in the region say against a wish. What a row does not tell is not
/// held against it.
pub(super) fn judge(wish: &Wish, offers: &[Offer]) -> Option<Check> {
    let Wish {
        region,
        class,
        postgres,
        two_zones,
        replica,
        storage,
        address: _,
    } = wish;
    let mut left = Vec::from_iter(offers);
    let version = postgres.map_or_else(
        || "this PostgreSQL".to_owned(),
        |version| format!("PostgreSQL {}", version.major),
    );
    left.retain(|offer| runs(offer, *postgres));
    if left.is_empty() {
        return Some(wish.refused(
            "aws/class",
            format!("RDS offers no {class} for {version} in {region}"),
            "aws rds describe-orderable-db-instance-options --engine postgres lists what there is",
            CLASSES,
        ));
    }
    if let Some(kind) = storage.kind.as_deref() {
        left.retain(|offer| offer.storage_type().is_none_or(|offered| offered == kind));
        if left.is_empty() {
            return Some(wish.refused(
                "aws/storage-type",
                format!("RDS offers {class} in {region} without {kind} storage"),
                "take another storage type or class",
                DISKS,
            ));
        }
    }
    for (code, unit, wanted, bounds) in [
        ("aws/storage-size", "GiB", storage.gib, SIZE),
        ("aws/iops", "iops", storage.iops, IOPS),
        ("aws/throughput", "MiB/s", storage.throughput, THROUGHPUT),
    ] {
        let Some(wanted) = wanted.and_then(|wanted| i32::try_from(wanted).ok()) else {
            continue;
        };
        let (least, most) = widest(&left, bounds);
        left.retain(|offer| {
            let (least, most) = bounds(offer);
            least.is_none_or(|least| least <= wanted) && most.is_none_or(|most| wanted <= most)
        });
        if left.is_empty() {
            return Some(wish.refused(
                code,
                format!(
                    "RDS offers {class} in {region} with {least} to {most} {unit} of storage, \
                     the plan wants {wanted}"
                ),
                "look at `storage`, or take another storage type or class",
                DISKS,
            ));
        }
    }
    if *two_zones {
        left.retain(|offer| offer.multi_az_capable() != Some(false));
        if left.is_empty() {
            return Some(wish.refused(
                "aws/multi-az",
                format!("RDS offers {class} in {region} in one zone only"),
                "leave multi_az out, or take another class",
                "Concepts.MultiAZSingleStandby.html",
            ));
        }
    }
    if *replica {
        left.retain(|offer| offer.read_replica_capable() != Some(false));
        if left.is_empty() {
            return Some(wish.refused(
                "aws/replica-class",
                format!("RDS makes no replicas of class {class} in {region}"),
                "take another class for the replica",
                CLASSES,
            ));
        }
    }
    None
}

/// Whether an offer is for this major version. Minor versions are let be: RDS goes on running ones
/// that it offers no longer.
fn runs(offer: &Offer, postgres: Option<PgVersion>) -> bool {
    let offered: Option<PgVersion> = offer.engine_version().and_then(|text| text.parse().ok());
    match (postgres, offered) {
        (Some(wanted), Some(offered)) => wanted.major == offered.major,
        (None, _) => true,
        // Versions before 10 are no versions to pgfleet.
        (Some(_), None) => offer.engine_version().is_none(),
    }
}

/// The least and the most of something that an offer takes, where it tells.
type Bounds = fn(&Offer) -> (Option<i32>, Option<i32>);

const SIZE: Bounds = |offer| (offer.min_storage_size(), offer.max_storage_size());
const IOPS: Bounds = |offer| {
    (
        offer.min_iops_per_db_instance(),
        offer.max_iops_per_db_instance(),
    )
};
const THROUGHPUT: Bounds = |offer| {
    (
        offer.min_storage_throughput_per_db_instance(),
        offer.max_storage_throughput_per_db_instance(),
    )
};

/// The bounds of all offers taken together.
fn widest(offers: &[&Offer], bounds: Bounds) -> (i32, i32) {
    let least = offers.iter().filter_map(|offer| bounds(offer).0).min();
    let most = offers.iter().filter_map(|offer| bounds(offer).1).max();
    (least.unwrap_or_default(), most.unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(version: &str, kind: &str) -> Offer {
        let (least, most) = if kind == "io2" {
            (100, 3000)
        } else {
            (20, 1000)
        };
        Offer::builder()
            .engine_version(version)
            .storage_type(kind)
            .min_storage_size(least)
            .max_storage_size(most)
            .min_iops_per_db_instance(1000)
            .max_iops_per_db_instance(64000)
            .multi_az_capable(kind == "io2")
            .read_replica_capable(version.starts_with("16"))
            .build()
    }

    fn wish(postgres: Option<&str>, kind: &str, gib: u32) -> Wish {
        Wish {
            region: Region::new("us-east-1"),
            class: "db.m5.large".to_owned(),
            postgres: postgres.map(|version| version.parse().unwrap()),
            two_zones: false,
            replica: false,
            storage: Storage {
                gib: Some(gib),
                kind: Some(kind.to_owned()),
                ..Storage::default()
            },
            address: Address::Primary,
        }
    }

    #[track_caller]
    fn says(wish: &Wish, code: Option<&str>) {
        let offers = [
            offer("9.6.24", "gp3"),
            offer("15.4", "gp3"),
            offer("16.3", "gp3"),
            offer("16.3", "io2"),
        ];
        let check = judge(wish, &offers);
        assert_eq!(check.map(|check| check.code).as_deref(), code, "{wish:?}");
    }

    #[test]
    fn a_class_that_is_offered_for_other_major_versions_only_is_refused() {
        for version in [None, Some("15"), Some("16"), Some("16.1")] {
            says(&wish(version, "gp3", 100), None);
        }
        says(&wish(Some("17"), "gp3", 100), Some("aws/class"));
        assert!(judge(&wish(None, "gp3", 100), &[]).is_some());
    }

    #[test]
    fn a_disk_has_the_size_and_the_operations_that_are_offered_with_its_type() {
        says(&wish(Some("15"), "io2", 100), Some("aws/storage-type"));
        for gib in [19, 1001] {
            says(&wish(Some("16"), "gp3", gib), Some("aws/storage-size"));
        }
        says(&wish(Some("16"), "io2", 3000), None);
        let mut fast = wish(Some("16"), "io2", 100);
        for (iops, code) in [
            (999, Some("aws/iops")),
            (1000, None),
            (64001, Some("aws/iops")),
        ] {
            fast.storage.iops = Some(iops);
            says(&fast, code);
        }
    }

    #[test]
    fn two_zones_are_offered_with_the_very_disk_and_version() {
        let mut wide = wish(Some("16"), "io2", 100);
        wide.two_zones = true;
        says(&wide, None);
        wide.storage.kind = Some("gp3".to_owned());
        says(&wide, Some("aws/multi-az"));
        let mut replica = wish(Some("15"), "gp3", 100);
        replica.replica = true;
        says(&replica, Some("aws/replica-class"));
    }

    #[test]
    fn a_row_that_tells_nothing_forbids_nothing() {
        let mut all = wish(Some("16"), "gp3", 100);
        (all.two_zones, all.replica, all.storage.iops) = (true, true, Some(3000));
        assert_eq!(judge(&all, &[Offer::builder().build()]), None);
    }

    #[test]
    fn where_rds_may_not_be_asked_the_embedded_catalog_knows_the_classes() {
        assert_eq!(known(&wish(None, "gp3", 100)), None);
        let mut typo = wish(None, "gp3", 100);
        typo.class = "db.m5.huge".to_owned();
        assert_eq!(
            known(&typo).map(|check| check.code).as_deref(),
            Some("aws/class")
        );
        // Of a region that it does not know, the catalog says nothing.
        typo.region = Region::new("mars-north-1");
        assert_eq!(known(&typo), None);
    }
}
