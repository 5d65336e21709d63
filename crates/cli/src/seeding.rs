//! What simulated clouds hold before pgfleet makes anything in them: primaries that it does not own.

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use pgfleet_model::{ProviderKind, ResourceRef};
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use pgfleet_planner::Platform;
use pgfleet_simulator::Control;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use pgfleet_spec::PrimarySpec;
use pgfleet_spec::Spec;
#[cfg(any(feature = "azure", feature = "gcp"))]
use serde_json::json;

#[cfg(any(feature = "azure", feature = "gcp"))]
use crate::places;

/// A pgfleet without clouds has none to simulate.
#[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp")))]
pub(crate) fn existing(_control: &Control, _spec: &Spec) {}

/// Lets a primary that a plan file attaches replicas to (`existing`) be there. What the cloud would
/// not take is missing then, and the plan says so.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub(crate) fn existing(control: &Control, spec: &Spec) {
    let PrimarySpec::Existing(existing) = &spec.primary else {
        return;
    };
    let named = |platform: &dyn Platform| platform.existing(&existing.reference, &spec.region).ok();
    let _ = match spec.provider {
        #[cfg(feature = "aws")]
        ProviderKind::Aws => {
            let platform = pgfleet_providers::aws::AwsPlatform::default();
            named(&platform).map(|primary| on_aws(control, &primary))
        }
        #[cfg(feature = "azure")]
        ProviderKind::Azure => places::place(spec, true)
            .ok()
            .and_then(|(subscription, group)| {
                let platform = pgfleet_providers::azure::AzurePlatform::new(&subscription, &group);
                let primary = named(&platform)?;
                Some(on_azure(control, &subscription, &group, &primary))
            }),
        #[cfg(feature = "gcp")]
        ProviderKind::Gcp => places::project(spec, true).ok().and_then(|project| {
            let platform = pgfleet_providers::gcp::GcpPlatform::new(&project);
            let primary = named(&platform)?;
            Some(on_gcp(control, &project, &primary))
        }),
        _ => None,
    };
}

#[cfg(feature = "aws")]
fn on_aws(control: &Control, primary: &ResourceRef) -> Result<bool, String> {
    let parameters = [
        ("DBInstanceIdentifier", primary.id.as_str()),
        ("DBInstanceClass", "db.m5.large"),
        ("AllocatedStorage", "20"),
        ("StorageEncrypted", "true"),
        ("BackupRetentionPeriod", "7"),
    ];
    control.seed_aws(primary.region.as_str(), &parameters)
}

#[cfg(feature = "azure")]
fn on_azure(
    control: &Control,
    subscription: &str,
    group: &str,
    primary: &ResourceRef,
) -> Result<bool, String> {
    let body = json!({
        "location": primary.region.as_str(),
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {"version": "16", "storage": {"storageSizeGB": 32}},
    });
    control.seed_azure(subscription, group, primary.id.as_str(), body)
}

#[cfg(feature = "gcp")]
fn on_gcp(control: &Control, project: &str, primary: &ResourceRef) -> Result<bool, String> {
    let body = json!({
        "name": primary.id.as_str(),
        "region": primary.region.as_str(),
        "databaseVersion": "POSTGRES_16",
        "settings": {
            "tier": "db-custom-2-7680",
            "edition": "ENTERPRISE",
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true},
        },
    });
    control.seed_gcp(project, &body)
}
