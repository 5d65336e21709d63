//! RDS's rules of disks.

use pgfleet_model::{Change, Check, DesiredInstance, Field, ObservedInstance};

use super::rules::guide;

/// The size in GiB from which gp3 takes provisioned operations.
const GP3_IOPS_FROM_GIB: u32 = 400;
/// Growth by itself ends at this share of the size at least.
const AUTOGROW_PERCENT: u64 = 110;

/// What a disk that is to be made lacks.
pub(super) fn new(wanted: &DesiredInstance) -> Option<Check> {
    let storage = &wanted.attributes.storage;
    let check = |code, message: String, remedy: &str, page| {
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{}.storage", wanted.key))
            .remedy(remedy)
            .source(guide(page))
    };
    if let Some(kind @ ("io1" | "io2")) = storage.kind.as_deref()
        && storage.iops.is_none()
    {
        return Some(check(
            "aws/iops-required",
            format!("RDS makes {kind} storage only with its number of iops"),
            "add `iops` to `storage`, or take gp3",
            "CHAP_Storage.html",
        ));
    }
    let (gib, most) = (storage.gib?, storage.autogrow_to_gib?);
    (u64::from(most) * 100 < u64::from(gib) * AUTOGROW_PERCENT).then(|| {
        check(
            "aws/autogrow",
            format!("{gib} GiB may grow by themselves to 10 % more at least, not to {most} GiB"),
            "raise `autogrow_to_gib`, or leave it out",
            "USER_PIOPS.Autoscaling.html",
        )
    })
}

pub(super) fn provisioned(wanted: &DesiredInstance) -> Option<Check> {
    let storage = &wanted.attributes.storage;
    let small = storage.gib.is_some_and(|gib| gib < GP3_IOPS_FROM_GIB);
    let asks = storage.iops.is_some() || storage.throughput.is_some();
    (storage.kind.as_deref() == Some("gp3") && small && asks).then(|| {
        Check::error(
            "aws/gp3-iops",
            format!("gp3 below {GP3_IOPS_FROM_GIB} GiB takes no provisioned iops or throughput"),
        )
        .at(&wanted.address)
        .key(format!("{}.storage", wanted.key))
        .remedy("leave iops and throughput out, or take 400 GiB or more")
        .source(guide("CHAP_Storage.html"))
    })
}

fn touches_storage(field: &Field) -> bool {
    matches!(
        field,
        Field::StorageGib | Field::StorageType | Field::Iops | Field::Throughput
    )
}

/// Storage is changed once in six hours, and not while an earlier change is still at work.
pub(super) fn change(change: &Change, live: Option<&ObservedInstance>) -> Option<Check> {
    if !change
        .fields
        .iter()
        .any(|field| touches_storage(&field.field))
    {
        return None;
    }
    let page = guide("USER_PIOPS.ModifyingExisting.html");
    let optimizing = live.is_some_and(|live| live.raw_phase == "storage-optimization");
    Some(if optimizing {
        Check::error(
            "aws/storage-optimization",
            "its storage is still being optimized after an earlier change",
        )
        .at(&change.address)
        .remedy("wait until RDS shows `available`, then run the command again")
        .source(page)
    } else {
        Check::note(
            "aws/storage-once-in-six-hours",
            "RDS changes an instance's storage once in six hours",
        )
        .at(&change.address)
        .source(page)
    })
}
