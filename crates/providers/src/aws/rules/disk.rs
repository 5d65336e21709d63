//! RDS's rules of disks.

use pgfleet_model::{
    Action, Attributes, Change, Check, DesiredInstance, Field, FieldChange, ObservedInstance,
    Storage, Value,
};

use crate::aws::docs;

/// The size in GiB from which gp3 takes provisioned operations.
const GP3_IOPS_FROM_GIB: u32 = 400;
/// The operations of gp3 from that size on where nobody asks for more, and the fewest it takes.
pub(in crate::aws) const GP3_IOPS: u32 = 12_000;
/// Growth by itself ends at this share of the size at least.
const AUTOGROW_PERCENT: u64 = 110;
/// The largest disk.
const LARGEST_GIB: u32 = 65_536;
/// RDS raises iops by so many hundredths at least, and rounds up to that.
pub(in crate::aws) const LEAST_RAISE: u32 = 10;

/// The disk that an instance will have: as the plan wants it, and where it does not say as it is.
fn to_be(wanted: &DesiredInstance, live: Option<&ObservedInstance>) -> Storage {
    let mut disk = wanted.attributes.storage.clone();
    if let Some(Storage {
        gib, kind, iops, ..
    }) = live.map(|live| &live.attributes.storage)
    {
        // It never shrinks.
        disk.gib = disk.gib.max(*gib);
        disk.kind = disk.kind.or_else(|| kind.clone());
        disk.iops = disk.iops.or(*iops);
    }
    disk
}

/// Whether a disk has a number of operations of its own, as all of io1 and io2 and large ones of
/// gp3 have.
pub(in crate::aws) fn is_provisioned(disk: &Storage) -> bool {
    match disk.kind.as_deref() {
        Some("io1" | "io2") => true,
        Some("gp3") => disk.gib.is_some_and(|gib| gib >= GP3_IOPS_FROM_GIB),
        _ => false,
    }
}

/// Makes a disk like another, where the plan file leaves that open. A small one of gp3 has no
/// operations that could be asked for.
pub(in crate::aws) fn copy(disk: &mut Storage, source: &Storage) {
    if disk.kind.is_none() {
        disk.kind.clone_from(&source.kind);
    }
    if disk.kind == source.kind && is_provisioned(disk) {
        let fast = is_provisioned(source);
        disk.iops = disk.iops.or(source.iops.filter(|_| fast));
        disk.throughput = disk.throughput.or(source.throughput.filter(|_| fast));
    }
}

/// The changes of a disk as RDS takes them: of one with provisioned operations, its size and its
/// iops go in one call whichever of them changes (`AllocatedStorage` and `Iops` of
/// `ModifyDBInstance`).
pub(in crate::aws) fn completed(
    mut changes: Vec<FieldChange>,
    before: Option<&Attributes>,
) -> Vec<FieldChange> {
    let touched = changes.iter().any(|change| touches_storage(&change.field));
    let Some(before) = before.filter(|_| touched) else {
        return changes;
    };
    let mut after = before.clone();
    for change in &changes {
        after.set(&change.field, change.to.clone());
    }
    let Storage {
        gib, kind, iops, ..
    } = &after.storage;
    if !is_provisioned(&after.storage) {
        return changes;
    }
    // What a small disk of gp3 has is refused for a large one.
    let iops = match kind.as_deref() {
        Some("gp3") => Some(iops.unwrap_or(GP3_IOPS).max(GP3_IOPS)),
        _ => *iops,
    };
    for (field, to) in [(Field::StorageGib, *gib), (Field::Iops, iops)] {
        let is_there = changes.iter().any(|change| change.field == field);
        if let Some(to) = to.filter(|_| !is_there) {
            changes.push(FieldChange {
                from: before.get(&field),
                field,
                to: Value::Number(to.into()),
            });
        }
    }
    changes
}

/// A disk as changes make it. What a small one of gp3 has by itself is nothing that was asked for.
pub(in crate::aws) fn after(disk: &Storage, changes: &[FieldChange]) -> Storage {
    let mut after = Attributes {
        storage: disk.clone(),
        ..Attributes::default()
    };
    if !is_provisioned(disk) {
        (after.storage.iops, after.storage.throughput) = (None, None);
    }
    for change in changes {
        after.set(&change.field, change.to.clone());
    }
    after.storage
}

/// What a disk lacks, or has too much of.
pub(in crate::aws) fn operations(
    wanted: &DesiredInstance,
    live: Option<&ObservedInstance>,
) -> Option<Check> {
    let disk = to_be(wanted, live);
    let check = |code, message: String, remedy: &str| {
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{}.storage", wanted.key))
            .remedy(remedy)
            .source(docs("CHAP_Storage.html"))
    };
    let asked = &wanted.attributes.storage;
    match disk.kind.as_deref()? {
        kind @ ("io1" | "io2") if disk.iops.is_none() => Some(check(
            "aws/iops-required",
            format!("RDS makes {kind} storage only with its number of iops"),
            "add `iops` to `storage`, or take gp3",
        )),
        "gp3" if !is_provisioned(&disk) && (asked.iops.or(asked.throughput)).is_some() => {
            Some(check(
                "aws/gp3-iops",
                format!(
                    "gp3 below {GP3_IOPS_FROM_GIB} GiB takes no provisioned iops or throughput"
                ),
                "leave iops and throughput out, or take 400 GiB or more",
            ))
        }
        kind if kind != "gp3" && asked.throughput.is_some() => Some(check(
            "aws/throughput",
            format!("RDS takes no throughput of {kind} storage"),
            "leave `throughput` out, or take gp3",
        )),
        kind if kind != "gp3" && kind != "io1" && kind != "io2" && asked.iops.is_some() => {
            Some(check(
                "aws/iops",
                format!("RDS takes no iops of {kind} storage"),
                "leave `iops` out, or take gp3, io1 or io2",
            ))
        }
        _ => None,
    }
}

/// What is wrong with the end of the growth by itself of a disk that is to be made.
pub(in crate::aws) fn autogrow(wanted: &DesiredInstance) -> Option<Check> {
    limit(&wanted.attributes.storage, wanted)
}

/// The same, of a disk that is there and gets another end.
pub(in crate::aws) fn grows_later(
    change: &Change,
    wanted: Option<&DesiredInstance>,
) -> Option<Check> {
    let mut fields = change.fields.iter();
    fields.find(|change| change.field == Field::AutogrowToGib)?;
    limit(&change.after.as_ref()?.storage, wanted?)
}

fn limit(disk: &Storage, wanted: &DesiredInstance) -> Option<Check> {
    let (gib, most) = (disk.gib?, disk.autogrow_to_gib?);
    let (why, remedy) = if u64::from(most) * 100 < u64::from(gib) * AUTOGROW_PERCENT {
        (
            format!("{gib} GiB may grow by themselves to 10 % more at least, not to {most} GiB"),
            "raise `autogrow_to_gib`, or leave it out",
        )
    } else if most > LARGEST_GIB {
        (
            format!("no disk grows beyond {LARGEST_GIB} GiB, and the plan wants {most}"),
            "lower `autogrow_to_gib`",
        )
    } else {
        return None;
    };
    Some(
        Check::error("aws/autogrow", why)
            .at(&wanted.address)
            .key(format!("{}.storage", wanted.key))
            .remedy(remedy)
            .source(docs("USER_PIOPS.Autoscaling.html")),
    )
}

/// The iops that RDS makes of a raise by less than a tenth.
pub(in crate::aws) fn rounded(change: &Change) -> Option<Check> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let (from, to) = (before.storage.iops?, after.storage.iops?);
    let stays = before.storage.kind == after.storage.kind
        && is_provisioned(&before.storage)
        && is_provisioned(&after.storage);
    let least = u64::from(from) * u64::from(100 + LEAST_RAISE);
    let least = least.div_ceil(100);
    (change.action == Action::Update && stays && from < to && u64::from(to) < least).then(|| {
        Check::note(
            "aws/iops-rounded",
            format!("RDS raises iops by {LEAST_RAISE} % at least: {from} become {least}, not {to}"),
        )
        .at(&change.address)
        .source(
            "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html",
        )
    })
}

pub(in crate::aws) fn touches_storage(field: &Field) -> bool {
    matches!(
        field,
        Field::StorageGib | Field::StorageType | Field::Iops | Field::Throughput
    )
}

/// Storage is changed once in six hours, and not while an earlier change is still at work.
pub(in crate::aws) fn change(change: &Change, live: Option<&ObservedInstance>) -> Option<Check> {
    if !change
        .fields
        .iter()
        .any(|field| touches_storage(&field.field))
    {
        return None;
    }
    let page = docs("USER_PIOPS.ModifyingExisting.html");
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
