//! The service's rules of disks.

use pgfleet_model::{Check, DesiredInstance, ObservedInstance, ObservedState};

use crate::azure::{docs, size::is_burstable};

/// Sizes of a Premium SSD in GiB.
const LADDER: [u32; 12] = [
    32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767,
];
/// Sizes of a Premium SSD v2 in GiB.
const SECOND: std::ops::RangeInclusive<u32> = 32..=65536;
/// The plan file's word for it.
pub(in crate::azure) const SECOND_KIND: &str = "premium-ssd-v2";
/// The operations a second that one has at least, and where nobody asks for more.
pub(in crate::azure) const FEWEST_IOPS: u32 = 3000;
/// The most, however large it is.
const MOST_IOPS: u32 = 80_000;
/// The MB/s that one has at least, and where nobody asks for more.
pub(in crate::azure) const LEAST_THROUGHPUT: u32 = 125;
/// The most, however many operations it has.
const MOST_THROUGHPUT: u32 = 1200;
/// The page about it.
const SECOND_PAGE: &str = "compute-storage/concepts-storage-premium-ssd-v2";

/// Which sizes a disk comes in, and what may be said of it. A plan that does not name its kind leaves
/// it as it is, and a replica's as its primary's.
pub(super) fn disk(wanted: &DesiredInstance, observed: &ObservedState) -> Vec<Check> {
    let storage = &wanted.attributes.storage;
    let live = observed.wanted.get(&wanted.address);
    let model = live.or(observed.primary());
    let kind = storage.kind.as_deref();
    let kind = kind.or(model.and_then(|model| model.attributes.storage.kind.as_deref()));
    let second = kind == Some(SECOND_KIND);
    let error = |code, key: &str, message: String, remedy: String| {
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{}.storage.{key}", wanted.key))
            .remedy(remedy)
            .source(docs("compute-storage/concepts-storage"))
    };
    let mut checks = Vec::new();
    if let Some(gib) = storage.gib {
        let fine = if second {
            SECOND.contains(&gib)
        } else {
            LADDER.contains(&gib)
        };
        if !fine {
            let next = LADDER.iter().find(|size| **size >= gib).unwrap_or(&32767);
            let remedy = if second {
                format!("write {} to {}", SECOND.start(), SECOND.end())
            } else {
                format!("write gib = {next}, the next larger size")
            };
            let message = format!("Azure has no disk of {gib} GiB of this kind");
            checks.push(error("azure/storage-size", "gib", message, remedy));
        }
    }
    let provisioned = storage.iops.is_some() || storage.throughput.is_some();
    if provisioned && !second {
        let message = "iops and throughput of a Premium SSD follow from its size".to_owned();
        let remedy = "leave them out, or take type = \"premium-ssd-v2\"".to_owned();
        checks.push(error("azure/premium-ssd-iops", "iops", message, remedy));
    }
    let size = wanted.attributes.size.as_deref();
    if second && size.is_some_and(is_burstable) {
        let message = "a Burstable server cannot have a Premium SSD v2".to_owned();
        let remedy = "take type = \"premium-ssd\", or a general purpose or memory optimized size";
        let code = "azure/burstable-premium-ssd-v2";
        checks.push(error(code, "type", message, remedy.to_owned()));
    }
    if second && storage.autogrow == Some(true) {
        let message = "a Premium SSD v2 does not grow by itself".to_owned();
        let remedy = "leave `autogrow` out, or take type = \"premium-ssd\"".to_owned();
        checks.push(error(
            "azure/premium-ssd-v2-autogrow",
            "autogrow",
            message,
            remedy,
        ));
    }
    if second {
        checks.extend(pace(wanted, live));
        checks.extend(old_version(wanted, live));
    }
    checks
}

/// The most operations a second of a Premium SSD v2: they grow with its size, which the service counts
/// in GB here.
fn most_iops(gib: u32) -> u32 {
    let gb_in_thousandths = u64::from(gib) * 107_374_182 / 100_000;
    let grown = gb_in_thousandths.saturating_sub(6000) / 2;
    let most = grown.saturating_add(FEWEST_IOPS.into());
    u32::try_from(most).unwrap_or(MOST_IOPS).min(MOST_IOPS)
}

/// How fast a Premium SSD v2 may be: its operations by its size, its throughput by its operations.
fn pace(wanted: &DesiredInstance, live: Option<&ObservedInstance>) -> Vec<Check> {
    let own = &wanted.attributes.storage;
    let live = live.map(|live| &live.attributes.storage);
    let Some(gib) = own.gib.max(live.and_then(|live| live.gib)) else {
        return Vec::new();
    };
    let now = own.iops.or(live.and_then(|live| live.iops));
    let iops = now.unwrap_or(FEWEST_IOPS);
    let most_throughput = (iops / 4).clamp(LEAST_THROUGHPUT, MOST_THROUGHPUT);
    let kinds = [
        (
            "iops",
            own.iops,
            FEWEST_IOPS,
            most_iops(gib),
            format!("{gib} GiB"),
        ),
        (
            "throughput",
            own.throughput,
            LEAST_THROUGHPUT,
            most_throughput,
            format!("{iops} iops"),
        ),
    ];
    let wrong = kinds
        .into_iter()
        .filter_map(|(key, asked, least, most, with)| {
            let asked = asked.filter(|asked| !(least..=most).contains(asked))?;
            let message =
                format!("a Premium SSD v2 of {with} has {key} of {least} to {most}, not {asked}");
            let check = Check::error(&format!("azure/premium-ssd-v2-{key}"), message)
                .at(&wanted.address)
                .key(format!("{}.storage.{key}", wanted.key))
                .remedy(format!("write {key} = {least} to {most}"));
            Some(check.source(docs(SECOND_PAGE)))
        });
    wrong.collect()
}

/// Azure's pages do not agree on whether older versions can have this kind.
fn old_version(wanted: &DesiredInstance, live: Option<&ObservedInstance>) -> Option<Check> {
    let major = wanted.attributes.postgres?.major;
    (live.is_none() && major < 14).then(|| {
        let message =
            format!("PostgreSQL {major} may not have a Premium SSD v2: it takes 14 or newer");
        Check::warning("azure/premium-ssd-v2-version", message)
            .at(&wanted.address)
            .key("postgres")
            .remedy("write 14 to 18, or take type = \"premium-ssd\"")
            .source(docs(SECOND_PAGE))
    })
}
