//! RDS's rules of keys: which disks are encrypted, and with whose.

use pgfleet_model::{Check, DesiredInstance, DesiredState, ObservedState, Region, Role, Value};

use crate::aws::{docs, platform::is_abroad, setting};

/// An encrypted disk is copied to another region under a key of that region; inside a region the
/// source's key is used and none may be named.
pub(in crate::aws) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    wanted: &DesiredInstance,
) -> Option<Check> {
    let region = &wanted.resource.region;
    let key = wanted.attributes.settings.get(setting::KMS_KEY);
    let copies = wanted.role() == Role::Replica;
    let abroad = copies && is_abroad(&wanted.resource, desired.primary_ref());
    let page = docs("Overview.Encryption.html");
    let check = |code, message: String, remedy: &str| {
        let check = Check::error(code, message).at(&wanted.address);
        check.remedy(remedy).source(page.clone())
    };
    // What pgfleet makes is encrypted; what it finds may not be.
    let encrypted = observed.primary().is_none_or(|primary| {
        primary.attributes.settings.get(setting::ENCRYPTED) != Some(&Value::Flag(false))
    });
    // The primary's stands in the table that it shares with all.
    let place = match wanted.role() {
        Role::Primary => "aws.kms_key".to_owned(),
        Role::Replica => format!("{}.aws.kms_key", wanted.key),
    };
    match key {
        None if abroad && encrypted => Some(
            check(
                "aws/kms-cross-region",
                format!("an encrypted replica in {region} needs a KMS key of that region"),
                "add aws = { kms_key = \"arn:aws:kms:...\" } to the group",
            )
            .key(wanted.key.clone()),
        ),
        None => None,
        Some(_) if copies && !abroad => Some(
            check(
                "aws/kms-same-region",
                "a replica in its primary's region is encrypted with the primary's key".to_owned(),
                "leave kms_key out of the group",
            )
            .key(place),
        ),
        Some(_) if copies && !encrypted => Some(
            check(
                "aws/kms-unencrypted",
                format!(
                    "{} is not encrypted, and RDS makes no encrypted replica of such",
                    desired.primary_ref()
                ),
                "leave kms_key out of the group, or replicate an encrypted copy of the primary",
            )
            .key(place),
        ),
        Some(key) => of_another_region(key, region).map(|there| {
            check(
                "aws/kms-region",
                format!(
                    "the KMS key is one of {there}, and in {region} RDS takes only keys of {region}"
                ),
                "name a key of the instance's own region",
            )
            .key(place)
        }),
    }
}

/// The region of a key, where its ARN names another than this. A key's or alias's bare name is
/// looked for where the instance is.
fn of_another_region<'a>(key: &'a Value, here: &Region) -> Option<&'a str> {
    let Value::Text(key) = key else { return None };
    let mut parts = key.split(':');
    let is_key = parts.next() == Some("arn") && parts.nth(1) == Some("kms");
    let region = parts.next().filter(|_| is_key)?;
    (region != here.as_str()).then_some(region)
}
