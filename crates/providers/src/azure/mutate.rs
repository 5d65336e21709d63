//! The calls that change something: made once, and only on what bears the fleet's tags.

use pgfleet_model::{
    DesiredInstance, FieldChange, Mutation, Operation, Owner, ResourceRef, TAG_ADDRESS, TAG_FLEET,
    TAG_MANAGED_BY,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry, Secrets};
use secrecy::SecretString;

use super::{
    bodies::{changed, primary, replica, wire_tags},
    client::{
        Client, Failure, Taken,
        models::{Server, ServerForUpdate, server_properties::State},
    },
    errors::{ANOTHER_NAME, Action, explain},
    observe::{alone, tags},
    sent::Sent,
};
use crate::shared::{
    databases,
    ownership::{is_ours, is_there},
    passwords::{self, Fault, Passwords, has_version, scrubbed},
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

/// Makes the call of one mutation. The server is looked at before, unless its name was `free` a
/// moment ago: a creation is an update where it meets a server, and a second creation of a replica
/// is refused.
pub(super) async fn begin(
    client: &Client,
    mutation: &Mutation,
    passwords: &Passwords,
    secrets: Secrets,
    free: bool,
    sent: &Sent,
) -> Result<Begun, ProviderError> {
    let id = mutation.resource.id.as_str();
    // Known to be fit before anything is sent; whoever attaches to what is there needs none.
    let password = match &mutation.operation {
        Operation::CreatePrimary { desired } if !mutation.resume => read(desired, secrets).await?,
        _ => None,
    };
    let live = if free { None } else { look(client, id).await? };
    if let Some(live) = &live {
        check_owner(live, mutation)?;
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
            let password = match password {
                None => read(desired, secrets).await?,
                known => known,
            };
            sent.with_password(&mutation.resource, password.as_ref());
            let body = primary(mutation, desired, password.as_ref())?;
            let made = create(client, id, body).await;
            made.map_err(|error| scrubbed(error, password.as_ref()))
        }
        (Operation::CreateReplica { desired, source }, None) => {
            let source = client.resource_id(source.id.as_str());
            create(client, id, replica(mutation, desired, source)?).await
        }
        (Operation::Delete { .. }, None) => Ok(Begun::Reached),
        (Operation::Delete { .. }, Some(live)) if is_going(&live) => Ok(Begun::Attached),
        (Operation::Delete { .. }, Some(_)) => delete(client, id).await,
        (_, None) => Err(gone(&mutation.resource)),
        (Operation::Start, Some(_)) => {
            let sent = client.start(id).await;
            taken("Servers_Start", Action::Start, id, sent)
        }
        (Operation::Modify { fields, .. }, Some(live)) => {
            if let Some(database) = databases::made_by(fields) {
                return make_database(client, id, database).await;
            }
            let password = new_password(mutation, fields, &live, passwords, secrets).await?;
            sent.with_password(&mutation.resource, password.as_ref());
            modify(client, mutation, fields, &live, password.as_ref()).await
        }
    }
}

async fn create(client: &Client, id: &str, body: Server) -> Result<Begun, ProviderError> {
    let sent = Box::pin(client.create(id, body)).await;
    taken("Servers_CreateOrUpdate", Action::Write, id, sent)
}

async fn delete(client: &Client, id: &str) -> Result<Begun, ProviderError> {
    match client.delete(id).await {
        Ok(None) => Ok(Begun::Reached),
        Ok(Some(sent)) => Ok(Begun::Taken(sent)),
        Err(failure) => {
            let what = format!("Servers_Delete of {id}");
            Err(explain(&what, Action::Delete, &failure))
        }
    }
}

/// Makes a database: one that is there is as good.
async fn make_database(client: &Client, id: &str, database: &str) -> Result<Begun, ProviderError> {
    let sent = client.create_database(id, database).await;
    if let Err(Failure::Refused(refusal)) = &sent
        && refusal.code.contains("AlreadyExist")
    {
        return Ok(Begun::Reached);
    }
    match taken("Databases_Create", Action::WriteDatabase, id, sent)? {
        Begun::Taken(Taken {
            operation: None, ..
        }) => Ok(Begun::Reached),
        begun => Ok(begun),
    }
}

/// The password that the administrator of a server is to have from now on, where it changes.
async fn new_password(
    mutation: &Mutation,
    fields: &[FieldChange],
    live: &Server,
    passwords: &Passwords,
    secrets: Secrets,
) -> Result<Option<SecretString>, ProviderError> {
    if !has_version(fields) {
        return Ok(None);
    }
    let login = live.properties.as_ref();
    let login = login.and_then(|known| known.administrator_login.as_deref());
    let rule = |text: &str| fault(text, login.unwrap_or_default());
    let password = passwords.read(&mutation.owner.fleet, secrets, rule).await?;
    Ok(Some(password))
}

async fn modify(
    client: &Client,
    mutation: &Mutation,
    fields: &[FieldChange],
    live: &Server,
    password: Option<&SecretString>,
) -> Result<Begun, ProviderError> {
    let id = mutation.resource.id.as_str();
    let body = changed(live, &mutation.owner, fields, password);
    let sent = Box::pin(client.update(id, body)).await;
    taken("Servers_Update", Action::Write, id, sent).map_err(|error| scrubbed(error, password))
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

/// Whether a server bears the tags of this owner, or of none.
pub(super) async fn is_claimed(
    client: &Client,
    resource: &ResourceRef,
    owner: Option<&Owner>,
) -> Result<bool, ProviderError> {
    let live = look(client, resource.id.as_str()).await?;
    let live = live.ok_or_else(|| gone(resource))?;
    Ok(alone(&live).owner.as_ref() == owner)
}

/// One server as it is now. A list may lag behind; this does not.
pub(super) async fn look(client: &Client, id: &str) -> Result<Option<Server>, ProviderError> {
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

/// Refuses what would alter a server of somebody else's, or one in another region. Azure may leave
/// the region out.
fn check_owner(live: &Server, mutation: &Mutation) -> Result<(), ProviderError> {
    let seen = alone(live);
    is_ours(mutation, seen.owner.as_ref())?;
    let there = &seen.resource.region;
    if there.as_str().is_empty() {
        return Ok(());
    }
    is_there(&mutation.resource, there, ANOTHER_NAME)
}

async fn read(
    desired: &DesiredInstance,
    secrets: Secrets,
) -> Result<Option<SecretString>, ProviderError> {
    let Some(bootstrap) = &desired.bootstrap else {
        return Ok(None);
    };
    let Some(source) = bootstrap.password.clone() else {
        return Ok(None);
    };
    let rule = |text: &str| fault(text, &bootstrap.admin);
    passwords::read(source, secrets, rule).await.map(Some)
}

/// What Azure says against a password of the administrator with this login.
fn fault(password: &str, login: &str) -> Fault {
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric(),
    ];
    let used = kinds.iter().filter(|kind| password.contains(**kind));
    if !(8..=128).contains(&password.chars().count()) || used.count() < 3 {
        return Some(
            "must have 8 to 128 characters of at least three of these kinds: lower case, upper case, \
             digits, others",
        );
    }
    let (password, login) = (password.to_lowercase(), login.to_lowercase());
    (!login.is_empty() && password.contains(&login))
        .then_some("must not have the administrator's name in it")
}
