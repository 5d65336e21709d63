//! Whether RDS has on offer what a plan wants made or resized.
//!
//! An offer is one row: a class with one version and one kind of disk. All that is wanted has to be
//! found in one row together.

use aws_sdk_rds::types::OrderableDbInstanceOption as Offer;
use pgfleet_model::{Address, Check, PgVersion, Region, Storage};

use crate::aws::{docs, rules::disk, version};

/// Something that a plan wants made or resized.
#[derive(Debug, Clone)]
pub(in crate::aws) struct Wish {
    pub(in crate::aws) region: Region,
    pub(in crate::aws) class: String,
    /// What it runs, or shall run; `None` where RDS picks it.
    pub(in crate::aws) postgres: Option<PgVersion>,
    /// Whether that version is yet to be had: RDS goes on running minor versions that it offers no
    /// longer, and neither makes nor upgrades to such.
    pub(in crate::aws) anew: bool,
    pub(in crate::aws) two_zones: bool,
    pub(in crate::aws) replica: bool,
    /// The disk of what is made, or as it becomes.
    pub(in crate::aws) storage: Storage,
    pub(in crate::aws) address: Address,
}

impl Wish {
    pub(in crate::aws) fn refused(
        &self,
        code: &str,
        message: String,
        remedy: &str,
        page: &str,
    ) -> Check {
        Check::error(code, message)
            .at(&self.address)
            .remedy(remedy)
            .source(docs(page))
    }
}

/// A version is every instance's of the fleet: the check names none of them.
pub(in crate::aws) fn no_version(message: String, remedy: &str) -> Check {
    Check::error("aws/version", message)
        .key("postgres")
        .remedy(remedy)
        .source(docs(VERSIONS))
}

pub(in crate::aws) const CLASSES: &str = "Concepts.DBInstanceClass.html";
const VERSIONS: &str = "PostgreSQL.Concepts.General.DBVersions.html";
const DISKS: &str = "CHAP_Storage.html";

/// One question to the rows that are left, which takes away those that do not have what is wanted: a
/// check where none is left. What a row does not tell is not held against it.
type Question = fn(&Wish, &mut Vec<&Offer>) -> Option<Check>;

/// The questions in their order: each is put to the rows that the one before has left.
const QUESTIONS: [Question; 7] = [
    major_version,
    minor_version,
    storage_type,
    bounds_of_the_disk,
    ratios,
    two_zones,
    replicas,
];

/// What RDS's offers of the class in the region say against a wish.
pub(in crate::aws) fn judge(wish: &Wish, offers: &[Offer]) -> Option<Check> {
    let mut left = Vec::from_iter(offers);
    let mut questions = QUESTIONS.iter();
    questions.find_map(|question| question(wish, &mut left))
}

fn major_version(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish {
        region,
        class,
        postgres,
        ..
    } = wish;
    left.retain(|offer| runs(offer, *postgres));
    left.is_empty().then(|| {
        let version = postgres.map_or_else(
            || "this PostgreSQL".to_owned(),
            |version| format!("PostgreSQL {}", version.major),
        );
        wish.refused(
            "aws/size",
            format!("RDS offers no {class} for {version} in {region}"),
            "aws rds describe-orderable-db-instance-options --engine postgres lists what there is",
            CLASSES,
        )
    })
}

fn minor_version(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish { region, class, .. } = wish;
    let version = wish
        .postgres
        .filter(|version| wish.anew && version.minor.is_some())?;
    left.retain(|offer| offered_version(offer).is_none_or(|offered| offered == version));
    // Calls take RDS's own word only, which a plan file cannot write.
    let plain = |offer: &Offer| {
        offer
            .engine_version()
            .is_none_or(|word| !word.contains('-'))
    };
    let word = left.iter().find_map(|offer| offer.engine_version());
    if let Some(word) = word.filter(|_| !left.iter().any(|offer| plain(offer))) {
        return Some(no_version(
            format!("RDS offers PostgreSQL {version} on {class} in {region} as {word} only"),
            &format!(
                "write postgres = \"{}\", with which RDS makes new instances of the version that it \
                 prefers; to bring one that runs to {word}: aws rds modify-db-instance \
                 --engine-version {word}",
                version.major
            ),
        ));
    }
    left.retain(|offer| plain(offer));
    left.is_empty().then(|| {
        no_version(
            format!("RDS offers no PostgreSQL {version} on {class} in {region}"),
            "look at `postgres`: aws rds describe-db-engine-versions --engine postgres lists what \
             there is",
        )
    })
}

fn storage_type(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish { region, class, .. } = wish;
    let kind = wish.storage.kind.as_deref()?;
    left.retain(|offer| offer.storage_type().is_none_or(|offered| offered == kind));
    left.is_empty().then(|| {
        wish.refused(
            "aws/storage-type",
            format!("RDS offers {class} in {region} without {kind} storage"),
            "take another storage type or class",
            DISKS,
        )
    })
}

fn bounds_of_the_disk(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish {
        region,
        class,
        storage,
        ..
    } = wish;
    for (code, unit, wanted, bounds) in [
        ("aws/storage-size", "GiB", storage.gib, SIZE),
        ("aws/iops", "iops", storage.iops, IOPS),
        ("aws/throughput", "MiB/s", storage.throughput, THROUGHPUT),
    ] {
        let Some(wanted) = wanted.and_then(|wanted| i32::try_from(wanted).ok()) else {
            continue;
        };
        let (least, most) = widest(left, bounds);
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
    None
}

fn two_zones(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish { region, class, .. } = wish;
    left.retain(|offer| !wish.two_zones || offer.multi_az_capable() != Some(false));
    left.is_empty().then(|| {
        wish.refused(
            "aws/multi-az",
            format!("RDS offers {class} in {region} in one zone only"),
            "leave multi_az out, or take another class",
            "Concepts.MultiAZSingleStandby.html",
        )
    })
}

fn replicas(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish { region, class, .. } = wish;
    left.retain(|offer| !wish.replica || offer.read_replica_capable() != Some(false));
    left.is_empty().then(|| {
        wish.refused(
            "aws/replica-size",
            format!("RDS makes no replicas of class {class} in {region}"),
            "take another class for the replica",
            CLASSES,
        )
    })
}

/// How many operations a disk may have for its size, and how much throughput for its operations.
fn ratios(wish: &Wish, left: &mut Vec<&Offer>) -> Option<Check> {
    let Wish {
        region,
        class,
        storage,
        ..
    } = wish;
    let striped = storage.kind.as_deref() == Some("gp3") && disk::is_provisioned(storage);
    let iops = storage.iops.or(striped.then_some(disk::GP3_IOPS))?;
    for (code, what, more, less, bounds) in [
        (
            "aws/iops",
            "iops for each GiB of storage",
            Some(iops),
            storage.gib,
            IOPS_PER_GIB,
        ),
        (
            "aws/throughput",
            "MiB/s for each of its iops",
            storage.throughput,
            Some(iops),
            THROUGHPUT_PER_IOPS,
        ),
    ] {
        let (Some(more), Some(less)) = (more, less) else {
            continue;
        };
        let told = left.iter().filter_map(|offer| bounds(offer).1);
        let most = told.fold(0.0, f64::max);
        left.retain(|offer| {
            let (least, most) = bounds(offer);
            let (more, less) = (f64::from(more), f64::from(less));
            least.is_none_or(|least| least * less <= more)
                && most.is_none_or(|most| more <= most * less)
        });
        if left.is_empty() {
            return Some(wish.refused(
                code,
                format!(
                    "RDS offers {class} in {region} with at most {most} {what}, the plan wants \
                     {more} for {less}"
                ),
                "look at `storage`: gib, iops and throughput go together",
                DISKS,
            ));
        }
    }
    None
}

/// The version that an offer is for; `None` where it does not tell, or one that pgfleet does not
/// know how to read.
fn offered_version(offer: &Offer) -> Option<PgVersion> {
    offer.engine_version().and_then(version)
}

/// Whether an offer is for this major version.
fn runs(offer: &Offer, postgres: Option<PgVersion>) -> bool {
    match (postgres, offered_version(offer)) {
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

/// The same of a share.
type Share = fn(&Offer) -> (Option<f64>, Option<f64>);

const IOPS_PER_GIB: Share = |offer| (offer.min_iops_per_gib(), offer.max_iops_per_gib());
const THROUGHPUT_PER_IOPS: Share = |offer| {
    (
        offer.min_storage_throughput_per_iops(),
        offer.max_storage_throughput_per_iops(),
    )
};

/// The bounds of all offers taken together.
fn widest(offers: &[&Offer], bounds: Bounds) -> (i32, i32) {
    let least = offers.iter().filter_map(|offer| bounds(offer).0).min();
    let most = offers.iter().filter_map(|offer| bounds(offer).1).max();
    (least.unwrap_or_default(), most.unwrap_or(i32::MAX))
}

#[cfg(test)]
pub(super) mod tests {
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
            .max_iops_per_gib(if kind == "io2" { 20.0 } else { 500.0 })
            .max_storage_throughput_per_iops(0.25)
            .multi_az_capable(kind == "io2")
            .read_replica_capable(version.starts_with("16"))
            .build()
    }

    pub(in crate::aws) fn wish(postgres: Option<&str>, kind: &str, gib: u32) -> Wish {
        Wish {
            region: Region::new("us-east-1"),
            class: "db.m5.large".to_owned(),
            postgres: postgres.map(|version| version.parse().unwrap()),
            anew: false,
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
            offer("13.23-rds.20260514", "gp3"),
            offer("15.2-R2", "gp3"),
            offer("15.2", "gp3"),
        ];
        let check = judge(wish, &offers);
        assert_eq!(check.map(|check| check.code).as_deref(), code, "{wish:?}");
    }

    #[test]
    fn a_class_that_is_offered_for_other_major_versions_only_is_refused() {
        for version in [None, Some("15"), Some("16"), Some("16.1")] {
            says(&wish(version, "gp3", 100), None);
        }
        says(&wish(Some("17"), "gp3", 100), Some("aws/size"));
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
    fn a_version_that_is_yet_to_be_had_is_offered_to_the_minor() {
        let mut pinned = wish(Some("16.3"), "gp3", 100);
        pinned.anew = true;
        says(&pinned, None);
        pinned.postgres = Some("16.99".parse().unwrap());
        says(&pinned, Some("aws/version"));
        // What runs is let be.
        pinned.anew = false;
        says(&pinned, None);
    }

    #[test]
    fn what_rds_has_a_longer_word_for_is_offered_and_cannot_be_asked_for_to_the_minor() {
        for anew in [false, true] {
            let mut old = wish(Some("13"), "gp3", 100);
            old.anew = anew;
            says(&old, None);
        }
        let mut pinned = wish(Some("13.23"), "gp3", 100);
        says(&pinned, None);
        pinned.anew = true;
        says(&pinned, Some("aws/version"));
        let told = judge(&pinned, &[offer("13.23-rds.20260514", "gp3")]).unwrap();
        assert!(told.message.contains("13.23-rds.20260514"), "{told:?}");
        assert!(told.remedy.contains("postgres = \"13\""), "{told:?}");
        // Another release of the same number is nothing against that number.
        pinned.postgres = Some("15.2".parse().unwrap());
        says(&pinned, None);
    }

    #[test]
    fn operations_and_throughput_are_offered_by_the_size() {
        let mut small = wish(Some("16"), "io2", 100);
        for (iops, code) in [(2000, None), (2001, Some("aws/iops"))] {
            small.storage.iops = Some(iops);
            says(&small, code);
        }
        // Without a number of its own, a large disk of gp3 has 12,000.
        let mut wide = wish(Some("16"), "gp3", 400);
        for (iops, throughput, code) in [
            (None, 3000, None),
            (None, 3001, Some("aws/throughput")),
            (Some(13_000), 3001, None),
        ] {
            wide.storage.iops = iops;
            wide.storage.throughput = Some(throughput);
            says(&wide, code);
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
        says(&replica, Some("aws/replica-size"));
    }

    #[test]
    fn a_row_that_tells_nothing_forbids_nothing() {
        let mut all = wish(Some("16"), "gp3", 100);
        (all.two_zones, all.replica, all.storage.iops) = (true, true, Some(3000));
        assert_eq!(judge(&all, &[Offer::builder().build()]), None);
    }
}
