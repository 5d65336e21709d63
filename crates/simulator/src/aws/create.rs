//! `CreateDBInstance`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::{Instance, Pending};
use super::steps::{Effect, status};
use super::storage::{self, Volume};
use super::xml::Xml;

pub(crate) fn create(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let arguments = &call.arguments;
    let identifier = names::identifier(
        "DBInstanceIdentifier",
        arguments.required("DBInstanceIdentifier"),
    )?;
    let engine = arguments.required("Engine");
    if engine != "postgres" {
        return Err(ApiError::value(format!(
            "Invalid DB engine: {engine} (the simulator serves postgres)"
        )));
    }
    let wanted = arguments
        .owned("EngineVersion")
        .unwrap_or_else(|| call.options.default_version());
    let version = call
        .options
        .version(&wanted)
        .ok_or_else(|| no_version(&wanted))?;
    let class = arguments.required("DBInstanceClass").to_owned();
    call.check_class(&class, &version)?;
    let (username, managed_secret) = administrator(call)?;
    if let Some(license) = arguments
        .text("LicenseModel")
        .filter(|name| *name != "postgresql-license")
    {
        return Err(ApiError::combination(format!(
            "Invalid license model '{license}' for engine 'postgres'. Valid license models are: \
             postgresql-license."
        )));
    }
    let db_name = arguments.owned("DBName");
    db_name.as_deref().map_or(Ok(()), names::database)?;
    let volume = volume(call)?;
    let multi_az = arguments.boolean("MultiAZ").unwrap_or(false);
    let zone = call.zone(multi_az)?;
    let subnet_group = call.subnet_group()?.unwrap_or_else(|| "default".to_owned());
    // The API reference: public unless a subnet group of the account's own is named.
    let public = subnet_group == "default";
    let parameter_group = call
        .parameter_group(&version)?
        .unwrap_or_else(|| format!("default.postgres{}", super::catalog::major(&version)));
    let security_groups = call.security_groups()?;
    let kms_key = kms_key(call)?;
    let backup_retention = call.backup_retention()?.unwrap_or(1);
    let backup_window = arguments
        .text("PreferredBackupWindow")
        .map(names::backup_window);
    let backup_window = backup_window
        .transpose()?
        .unwrap_or_else(|| "03:00-03:30".to_owned());
    let maintenance = arguments
        .text("PreferredMaintenanceWindow")
        .map(names::maintenance_window);
    let maintenance_window = maintenance
        .transpose()?
        .unwrap_or_else(|| "sun:05:00-sun:05:30".to_owned());
    let (monitoring_interval, monitoring_role) = call.monitoring()?;
    let port = call.port("Port")?.unwrap_or(5432);
    names::tags(arguments.tags("Tags"))?;
    call.check_free(&identifier)?;
    call.check_quotas(1, volume.gib)?;

    let (iops, throughput) = storage::defaults(volume.kind, volume.gib);
    let mut instance = Instance {
        account: call.place.account.clone(),
        region: call.place.region.clone(),
        identifier,
        resource_id: String::new(),
        status: "creating".to_owned(),
        requested: call.now,
        created: None,
        class,
        engine_version: version,
        master_username: username,
        db_name,
        port,
        allocated_storage: volume.gib,
        storage_type: volume.kind.to_owned(),
        iops: volume.iops.or(iops),
        throughput: volume.throughput.or(throughput),
        max_allocated_storage: volume.max_gib.filter(|max| *max > volume.gib),
        storage_modified: None,
        storage_optimizing: false,
        kms_key,
        multi_az,
        availability_zone: zone,
        subnet_group,
        security_groups: security_groups
            .unwrap_or_else(|| vec![super::groups::default_security_group(&call.place)]),
        parameter_group,
        parameter_status: "in-sync".to_owned(),
        publicly_accessible: arguments.boolean("PubliclyAccessible").unwrap_or(public),
        backup_retention,
        backup_window,
        maintenance_window,
        backed_up: false,
        auto_minor_upgrade: arguments.boolean("AutoMinorVersionUpgrade").unwrap_or(true),
        copy_tags: arguments.boolean("CopyTagsToSnapshot").unwrap_or(false),
        deletion_protection: arguments.boolean("DeletionProtection").unwrap_or(false),
        iam_authentication: arguments
            .boolean("EnableIAMDatabaseAuthentication")
            .unwrap_or(false),
        performance_insights: arguments
            .boolean("EnablePerformanceInsights")
            .unwrap_or(false),
        insights_retention: arguments.integer("PerformanceInsightsRetentionPeriod"),
        insights_mode: arguments
            .owned("DatabaseInsightsMode")
            .unwrap_or("standard".to_owned()),
        monitoring_interval: monitoring_interval.unwrap_or(0),
        monitoring_role,
        log_exports: arguments
            .texts("EnableCloudwatchLogsExports")
            .unwrap_or_default()
            .to_vec(),
        network_type: arguments
            .owned("NetworkType")
            .unwrap_or_else(|| "IPV4".to_owned()),
        ca_certificate: arguments
            .owned("CACertificateIdentifier")
            .unwrap_or_else(|| "rds-ca-rsa2048-g1".to_owned()),
        lifecycle: arguments
            .owned("EngineLifecycleSupport")
            .unwrap_or_else(|| "open-source-rds-extended-support".to_owned()),
        managed_secret,
        source: None,
        tags: arguments.tags("Tags").to_vec(),
        pending: Pending {
            master_password: arguments.text("MasterUserPassword").is_some(),
            ..Pending::default()
        },
        steps: Vec::new(),
    };
    instance.resource_id = call.world.resource_id(&call.place);
    let password = Pending {
        master_password: true,
        ..Pending::default()
    };
    let timing = call.timing;
    let mut steps = vec![
        (timing.create, Effect::Born),
        (0, Effect::Apply(Box::new(password))),
    ];
    if multi_az {
        steps.extend([
            (0, status("modifying")),
            (timing.modify, status("backing-up")),
        ]);
    } else {
        steps.push((0, status("backing-up")));
    }
    if backup_retention > 0 {
        steps.push((timing.backup, Effect::BackedUp));
    }
    steps.push((0, status("available")));
    instance.then(call.now, steps);
    let key = instance.key();
    call.world.instances.insert(key.clone(), instance);
    call.touched = Some(key.clone());
    call.answer(&key, xml)
}

pub(crate) fn no_version(version: &str) -> ApiError {
    ApiError::combination(format!("Cannot find version {version} for postgres"))
}

/// The administrator's name, and the KMS key of a secret that Secrets Manager keeps.
fn administrator(call: &Call<'_>) -> ApiResult<(String, Option<String>)> {
    let arguments = &call.arguments;
    let Some(username) = arguments.text("MasterUsername") else {
        return Err(ApiError::value(
            "The parameter MasterUsername must be provided and must not be blank.",
        ));
    };
    names::master_username(username)?;
    let managed = arguments
        .boolean("ManageMasterUserPassword")
        .unwrap_or(false);
    match (arguments.text("MasterUserPassword"), managed) {
        (Some(_), true) => Err(ApiError::combination(
            "You can't specify MasterUserPassword while ManageMasterUserPassword is enabled.",
        )),
        (None, false) => Err(ApiError::value(
            "The parameter MasterUserPassword must be provided and must not be blank.",
        )),
        (Some(password), false) => {
            names::password(password)?;
            Ok((username.to_owned(), None))
        }
        (None, true) => {
            let key = match arguments.text("MasterUserSecretKmsKeyId") {
                Some(key) => call.kms_key(key)?,
                None => call.default_kms_key(),
            };
            Ok((username.to_owned(), Some(key)))
        }
    }
}

fn volume<'a>(call: &'a Call<'_>) -> ApiResult<Volume<'a>> {
    let arguments = &call.arguments;
    let iops = arguments.integer("Iops");
    let kind = arguments.text("StorageType");
    let kind = kind.unwrap_or(if iops.is_some() { "io1" } else { "gp3" });
    let Some(gib) = arguments.integer("AllocatedStorage") else {
        return Err(ApiError::value(
            "The parameter AllocatedStorage must be provided and must not be blank.",
        ));
    };
    let volume = Volume {
        kind,
        gib,
        iops,
        throughput: arguments.integer("StorageThroughput"),
        max_gib: arguments.integer("MaxAllocatedStorage"),
    };
    volume.check()?;
    Ok(volume)
}

fn kms_key(call: &Call<'_>) -> ApiResult<Option<String>> {
    let encrypted = call.arguments.boolean("StorageEncrypted").unwrap_or(false);
    match call.arguments.text("KmsKeyId") {
        Some(_) if !encrypted => Err(ApiError::combination(
            "KmsKeyId can't be specified when StorageEncrypted isn't true.",
        )),
        Some(key) => call.kms_key(key).map(Some),
        None => Ok(encrypted.then(|| call.default_kms_key())),
    }
}
