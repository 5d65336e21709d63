//! `CreateDBInstance`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::settings::Settings;
use super::state::{Instance, Pending};
use super::steps::{Effect, status};
use super::storage::{self, Volume};
use super::xml::Xml;

pub(crate) fn create(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let mut instance = requested(call)?;
    instance.resource_id = call.world.resource_id(&call.place);
    let timing = call.timing;
    let password = Pending {
        master_password: true,
        ..Pending::default()
    };
    let mut steps = vec![
        (timing.create, Effect::Born),
        (0, Effect::Apply(Box::new(password))),
    ];
    if instance.multi_az {
        steps.extend([
            (0, status("modifying")),
            (timing.modify, Effect::SecondZone),
        ]);
    }
    if instance.backup_retention > 0 {
        steps.extend([(0, status("backing-up")), (timing.backup, Effect::BackedUp)]);
    }
    steps.push((0, Effect::Available));
    instance.then(call.now, steps);
    let key = instance.key();
    call.world.instances.insert(key.clone(), instance);
    call.touched = Some(key.clone());
    call.answer_made(&key, xml)
}

/// The instance that the call asks for, where nothing is to be said against it.
fn requested(call: &Call<'_>) -> ApiResult<Instance> {
    let arguments = &call.arguments;
    let identifier = names::identifier(
        "DBInstanceIdentifier",
        arguments.required("DBInstanceIdentifier"),
    )?;
    let engine_version = version(call)?;
    let class = arguments.required("DBInstanceClass").to_owned();
    call.check_class(&class, &engine_version)?;
    let (master_username, managed_secret) = administrator(call)?;
    let db_name = arguments.owned("DBName");
    db_name.as_deref().map_or(Ok(()), names::database)?;
    let volume = volume(call)?;
    let multi_az = arguments.boolean("MultiAZ").unwrap_or(false);
    let availability_zone = call.zone(multi_az)?;
    let subnet_group = call.subnet_group()?.unwrap_or_else(|| "default".to_owned());
    let parameter_group = call.parameter_group(&engine_version)?;
    let settings = Settings::read(call)?;
    let kms_key = kms_key(call)?;
    let backup_retention = call.backup_retention()?.unwrap_or(1);
    let port = call.port("Port")?.unwrap_or(5432);
    names::tags(arguments.tags("Tags"))?;
    call.check_free(&identifier)?;
    call.check_quotas(1, volume.gib)?;

    let (iops, throughput) = storage::defaults(volume.kind, volume.gib);
    let mut instance = Instance {
        parameter_group: parameter_group.unwrap_or_else(|| {
            format!("default.postgres{}", super::catalog::major(&engine_version))
        }),
        class,
        engine_version,
        master_username,
        db_name,
        port,
        allocated_storage: volume.gib,
        storage_type: volume.kind.to_owned(),
        iops: volume.iops.or(iops),
        throughput: volume.throughput.or(throughput),
        max_allocated_storage: volume.max_gib.filter(|max| *max > volume.gib),
        kms_key,
        multi_az,
        availability_zone,
        // The API reference: public unless a subnet group of the account's own is named.
        publicly_accessible: subnet_group == "default",
        subnet_group,
        backup_retention,
        managed_secret,
        tags: arguments.tags("Tags").to_vec(),
        pending: Pending {
            master_password: arguments.text("MasterUserPassword").is_some(),
            ..Pending::default()
        },
        ..Instance::requested(&call.place, identifier, String::new())
    };
    if let Some(certificate) = arguments.owned("CACertificateIdentifier") {
        instance.ca_certificate = certificate;
    }
    if let Some(lifecycle) = arguments.owned("EngineLifecycleSupport") {
        instance.lifecycle = lifecycle;
    }
    settings.apply(&mut instance);
    Ok(instance)
}

fn version(call: &Call<'_>) -> ApiResult<String> {
    let engine = call.arguments.required("Engine");
    if engine != "postgres" {
        return Err(ApiError::value(format!(
            "Invalid DB engine: {engine} (the simulator serves postgres)"
        )));
    }
    let license = call.arguments.text("LicenseModel");
    if let Some(other) = license.filter(|name| *name != "postgresql-license") {
        return Err(ApiError::combination(format!(
            "Invalid license model '{other}' for engine 'postgres'. Valid license models are: \
             postgresql-license."
        )));
    }
    match call.arguments.text("EngineVersion") {
        None => Ok(call.options.default_version()),
        Some(wanted) => call
            .options
            .version(wanted)
            .ok_or_else(|| no_version(wanted)),
    }
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
