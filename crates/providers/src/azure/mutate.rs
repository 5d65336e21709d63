//! The calls that change something: made once, and only on what bears the fleet's tags.

use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, Operation, Owner,
    ResourceRef, TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY, Tags, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry, Secrets};
use secrecy::{ExposeSecret as _, SecretString};

use crate::passwords;

use super::{
    TAG_PENDING,
    errors::{Action, explain},
    observe::{alone, tags},
    platform::pending_database,
    setting,
    sku::{full_name, tier_of},
    wire::{
        Client, Failure, Taken,
        models::{
            Backup, HighAvailability, Network, Server, ServerForUpdate, ServerProperties,
            ServerPropertiesForUpdate, ServerVersion, Sku, Storage, TrackedResource,
            high_availability::Mode,
            server_properties::{CreateMode, State},
            storage::{AutoGrow, Type},
        },
    },
};

/// What became of a mutation.
pub(super) enum Begun {
    /// Azure has taken it.
    Taken(Taken),
    /// The server itself has to tell: an earlier call is at work on it already.
    Attached,
    /// Nothing is left to be done.
    Reached,
}

/// Makes the call of one mutation. The server is looked at before: a creation is an update where it
/// meets a server, and a second creation of a replica is refused.
pub(super) async fn begin(
    client: &Client,
    mutation: &Mutation,
    secrets: Secrets,
) -> Result<Begun, ProviderError> {
    let id = mutation.resource.id.as_str();
    let live = look(client, id).await?;
    if let Some(live) = &live {
        is_ours(live, mutation)?;
    }
    match (&mutation.operation, live) {
        (Operation::CreatePrimary { .. } | Operation::CreateReplica { .. }, Some(live)) => {
            if is_going(&live) {
                let why = format!("{id} is still being deleted");
                return Err(ProviderError::new(ErrorKind::Busy, why).retry(Retry::Backoff));
            }
            Ok(Begun::Attached)
        }
        (Operation::CreatePrimary { desired }, None) => {
            let password = read(desired, secrets).await?;
            let body = primary(mutation, desired, password.as_ref())?;
            let sent = Box::pin(client.create(id, body)).await;
            let sent = sent.map_err(|failure| without(failure, password.as_ref()));
            taken("Servers_Create", Action::Write, id, sent)
        }
        (Operation::CreateReplica { desired, source }, None) => {
            let source = client.resource_id(source.id.as_str());
            let body = replica(mutation, desired, source)?;
            let sent = Box::pin(client.create(id, body)).await;
            taken("Servers_Create", Action::Write, id, sent)
        }
        (Operation::Delete { .. }, None) => Ok(Begun::Reached),
        (Operation::Delete { .. }, Some(live)) if is_going(&live) => Ok(Begun::Attached),
        (Operation::Delete { .. }, Some(_)) => match client.delete(id).await {
            Ok(None) => Ok(Begun::Reached),
            Ok(Some(sent)) => Ok(Begun::Taken(sent)),
            Err(failure) => Err(explain(
                &format!("Servers_Delete of {id}"),
                Action::Delete,
                &failure,
            )),
        },
        (_, None) => Err(gone(&mutation.resource)),
        (Operation::Start, Some(_)) => {
            let sent = client.start(id).await;
            taken("Servers_Start", Action::Start, id, sent)
        }
        (Operation::Modify { fields, .. }, Some(live)) => {
            if let Some(database) = pending_database(fields) {
                let sent = client.create_database(id, database).await;
                if let Err(Failure::Refused(refusal)) = &sent
                    && refusal.code.contains("AlreadyExist")
                {
                    return Ok(Begun::Reached);
                }
                return match taken("Databases_Create", Action::WriteDatabase, id, sent)? {
                    Begun::Taken(Taken {
                        operation: None, ..
                    }) => Ok(Begun::Reached),
                    begun => Ok(begun),
                };
            }
            let body = changed(&live, &mutation.owner, fields);
            let sent = Box::pin(client.update(id, body)).await;
            taken("Servers_Update", Action::Write, id, sent)
        }
    }
}

/// Puts pgfleet's tags on a server, or takes them off.
pub(super) async fn claim(
    client: &Client,
    resource: &ResourceRef,
    owner: Option<&Owner>,
) -> Result<Begun, ProviderError> {
    let id = resource.id.as_str();
    let live = look(client, id).await?.ok_or_else(|| gone(resource))?;
    let mut tags = tags(&live);
    match owner {
        Some(owner) => tags.extend(owner.tags()),
        None => {
            tags.retain(|name, _| ![TAG_MANAGED_BY, TAG_FLEET, TAG_ADDRESS].contains(&&**name));
        }
    }
    let update = ServerForUpdate {
        tags: Some(wire_tags(&tags)),
        ..ServerForUpdate::default()
    };
    let sent = Box::pin(client.update(id, update)).await;
    taken("Servers_Update", Action::Write, id, sent)
}

async fn look(client: &Client, id: &str) -> Result<Option<Server>, ProviderError> {
    let answer = client.get(id).await;
    answer.map_err(|failure| explain(&format!("Servers_Get of {id}"), Action::Read, &failure))
}

fn taken(
    call: &str,
    action: Action,
    id: &str,
    sent: Result<Taken, Failure>,
) -> Result<Begun, ProviderError> {
    match sent {
        Ok(Taken { done: true, .. }) => Ok(Begun::Reached),
        Ok(taken) => Ok(Begun::Taken(taken)),
        Err(failure) => Err(explain(&format!("{call} of {id}"), action, &failure)),
    }
}

fn gone(resource: &ResourceRef) -> ProviderError {
    ProviderError::new(ErrorKind::NotFound, format!("Azure knows no {resource}"))
        .remedy("somebody else has deleted it; run the command again")
        .retry(Retry::Reobserve)
}

fn is_going(live: &Server) -> bool {
    let properties = live.properties.as_ref();
    properties.is_some_and(|properties| properties.state == Some(State::Dropping))
}

/// Refuses what would alter a server of somebody else's.
fn is_ours(live: &Server, mutation: &Mutation) -> Result<(), ProviderError> {
    let Mutation {
        resource, owner, ..
    } = mutation;
    let seen = alone(live);
    let refused = |why: String| {
        Err(ProviderError::new(ErrorKind::Refused, why)
            .remedy("give the server another name in the plan file, or let pgfleet adopt it"))
    };
    if seen.owner.is_none_or(|seen| seen.fleet != owner.fleet) {
        return refused(format!(
            "{resource} does not bear the tags of the fleet {}",
            owner.fleet
        ));
    }
    let there = &seen.resource.region;
    if !there.as_str().is_empty() && *there != resource.region {
        return refused(format!(
            "{resource} is in {there} and not in {}",
            resource.region
        ));
    }
    Ok(())
}

async fn read(
    desired: &DesiredInstance,
    secrets: Secrets,
) -> Result<Option<SecretString>, ProviderError> {
    let source = desired.bootstrap.as_ref();
    match source.and_then(|bootstrap| bootstrap.password.clone()) {
        Some(source) => passwords::read(source, secrets).await.map(Some),
        None => Ok(None),
    }
}

/// Takes a password out of an answer, in case that somebody repeats what was sent.
fn without(failure: Failure, password: Option<&SecretString>) -> Failure {
    match (failure, password.map(SecretString::expose_secret)) {
        (Failure::Refused(mut refusal), Some(password)) if !password.is_empty() => {
            refusal.message = refusal.message.replace(password, "***");
            Failure::Refused(refusal)
        }
        (failure, _) => failure,
    }
}

/// What every creation holds.
fn body(
    mutation: &Mutation,
    attributes: &Attributes,
    more: Option<(&str, &str)>,
    properties: ServerProperties,
) -> Result<Server, ProviderError> {
    let Some(size) = &attributes.size else {
        let why = format!("no size is known for {}", mutation.resource);
        return Err(ProviderError::new(ErrorKind::Refused, why)
            .remedy("set `size` in [primary] or in the group"));
    };
    let mut tags = attributes.tags.clone();
    tags.extend(mutation.owner.tags());
    tags.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut resource = TrackedResource::new(mutation.resource.region.to_string());
    resource.tags = Some(wire_tags(&tags));
    let mut server = Server::new(resource);
    server.sku = Some(sku(size));
    server.properties = Some(properties);
    Ok(server)
}

fn primary(
    mutation: &Mutation,
    desired: &DesiredInstance,
    password: Option<&SecretString>,
) -> Result<Server, ProviderError> {
    let attributes = &desired.attributes;
    let bootstrap = desired.bootstrap.as_ref();
    let mode = match attributes.availability {
        Some(Availability::Regional) => Mode::ZoneRedundant,
        Some(Availability::Zonal) | None => Mode::Disabled,
    };
    let database = bootstrap
        .map(|bootstrap| bootstrap.database.as_str())
        .filter(|database| *database != "postgres");
    let properties = ServerProperties {
        create_mode: Some(CreateMode::Create),
        administrator_login: bootstrap.map(|bootstrap| bootstrap.admin.clone()),
        administrator_login_password: password.map(|text| text.expose_secret().to_owned()),
        version: attributes
            .postgres
            .map(|version| wire_version(version.major)),
        storage: storage(attributes),
        backup: attributes.backup_days.map(|days| Backup {
            backup_retention_days: i32::try_from(days).ok(),
            ..Backup::default()
        }),
        high_availability: Some(high_availability(mode)),
        network: network(attributes),
        ..ServerProperties::default()
    };
    let pending = database.map(|database| (TAG_PENDING, database));
    body(mutation, attributes, pending, properties)
}

/// A replica takes its version, administrator, backups and encryption from its source.
fn replica(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: String,
) -> Result<Server, ProviderError> {
    let attributes = &desired.attributes;
    let properties = ServerProperties {
        create_mode: Some(CreateMode::Replica),
        source_server_resource_id: Some(source),
        storage: storage(attributes),
        network: network(attributes),
        ..ServerProperties::default()
    };
    body(mutation, attributes, None, properties)
}

/// All attributes in one call, and of the tags every one: Azure replaces them all.
fn changed(live: &Server, owner: &Owner, fields: &[FieldChange]) -> ServerForUpdate {
    let mut update = ServerForUpdate::default();
    let mut properties = ServerPropertiesForUpdate::default();
    let mut storage = Storage::default();
    let mut tags = tags(live);
    let mut retags = false;
    for FieldChange { field, to, .. } in fields {
        let number = match to {
            Value::Number(number) => i32::try_from(*number).ok(),
            _ => None,
        };
        let on = *to == Value::Flag(true);
        match field {
            Field::Size => update.sku = Some(sku(&to.to_string())),
            Field::StorageGib => storage.storage_size_gb = number,
            Field::Iops => storage.iops = number,
            Field::Throughput => storage.throughput = number,
            Field::Autogrow => storage.auto_grow = Some(auto_grow(on)),
            Field::BackupDays => {
                properties.backup = Some(Backup {
                    backup_retention_days: number,
                    ..Backup::default()
                });
            }
            Field::MultiAz => {
                let mode = if on {
                    Mode::ZoneRedundant
                } else {
                    Mode::Disabled
                };
                properties.high_availability = Some(high_availability(mode));
            }
            Field::Tags => {
                retags = true;
                if let Value::Map(wanted) = to {
                    tags.extend(wanted.clone());
                }
            }
            Field::Address => retags = true,
            Field::Setting(name) if name == setting::PENDING => {
                retags = true;
                tags.remove(TAG_PENDING);
            }
            Field::Postgres
            | Field::StorageType
            | Field::AutogrowToGib
            | Field::DeletionProtection
            | Field::Setting(_) => {}
        }
    }
    if retags {
        tags.extend(owner.tags());
        update.tags = Some(wire_tags(&tags));
    }
    if storage != Storage::default() {
        properties.storage = Some(storage);
    }
    if properties != ServerPropertiesForUpdate::default() {
        update.properties = Some(properties);
    }
    update
}

fn sku(size: &str) -> Sku {
    Sku::new(full_name(size), tier_of(size).on_the_wire())
}

fn high_availability(mode: Mode) -> HighAvailability {
    HighAvailability {
        mode: Some(mode),
        ..HighAvailability::default()
    }
}

fn auto_grow(on: bool) -> AutoGrow {
    if on {
        AutoGrow::Enabled
    } else {
        AutoGrow::Disabled
    }
}

fn storage(attributes: &Attributes) -> Option<Storage> {
    let whole = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
    let wanted = &attributes.storage;
    let storage = Storage {
        storage_size_gb: whole(wanted.gib),
        auto_grow: wanted.autogrow.map(auto_grow),
        iops: whole(wanted.iops),
        throughput: whole(wanted.throughput),
        type_: match wanted.kind.as_deref() {
            Some("premium-ssd-v2") => Some(Type::PremiumV2Lrs),
            Some("premium-ssd") => Some(Type::PremiumLrs),
            _ => None,
        },
        tier: None,
    };
    (storage != Storage::default()).then_some(storage)
}

fn network(attributes: &Attributes) -> Option<Network> {
    let text = |name: &str| attributes.settings.get(name).map(ToString::to_string);
    let network = Network {
        delegated_subnet_resource_id: text(setting::SUBNET),
        private_dns_zone_arm_resource_id: text(setting::DNS_ZONE),
        public_network_access: None,
    };
    (network != Network::default()).then_some(network)
}

/// The generated client is older than the newest versions.
fn wire_version(major: u32) -> ServerVersion {
    match major {
        11 => ServerVersion::N11,
        12 => ServerVersion::N12,
        13 => ServerVersion::N13,
        14 => ServerVersion::N14,
        15 => ServerVersion::N15,
        16 => ServerVersion::N16,
        newer => ServerVersion::UnknownValue(newer.to_string()),
    }
}

fn wire_tags(tags: &Tags) -> serde_json::Value {
    let pairs = tags.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), value.clone().into()));
    serde_json::Value::Object(pairs.collect())
}
