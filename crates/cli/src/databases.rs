//! How the databases of a fleet are reached: the plan's `[connect]`, or a login of the
//! provider's own.

use pgfleet_model::{
    Address, DesiredInstance, ObservedInstance, ProviderKind, ResourceRef, SslMode,
};
use pgfleet_monitor::{Credentials, Target, Tls};
use pgfleet_planner::Resolution;
use pgfleet_provider::Secrets;
use pgfleet_spec::{PrimarySpec, Spec};

use crate::run::Fleet;

/// The login for a fleet's databases. The error is a sentence without secrets.
pub(crate) async fn credentials(
    fleet: &Fleet,
    primary: &ResourceRef,
) -> Result<Credentials, String> {
    let spec = &fleet.spec;
    let (admin, database) = match &spec.primary {
        PrimarySpec::Managed(primary) => (primary.admin.clone(), primary.database.clone()),
        PrimarySpec::Existing(_) => ("postgres".to_owned(), "postgres".to_owned()),
    };
    let tls = Tls::new(sslmode(spec), spec.connect.root_cert.as_deref())
        .map_err(|error| error.to_string())?;
    if let Some(source) = spec.connect.password.clone() {
        let read = tokio::task::spawn_blocking(move || Secrets.read(&source)).await;
        let password = match read {
            Ok(Ok(password)) => password,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(error) => return Err(format!("the password could not be read: {error}")),
        };
        let user = spec.connect.user.clone().unwrap_or(admin);
        return Ok(Credentials {
            user,
            password: Some(password),
            database,
            tls,
        });
    }
    match fleet.provider.own_login(primary).await {
        Ok(Some(login)) => Ok(Credentials {
            user: login.user,
            password: login.password,
            database: login.database,
            tls,
        }),
        Ok(None) => {
            let user = spec.connect.user.clone().unwrap_or(admin);
            Ok(Credentials {
                user,
                password: None,
                database,
                tls,
            })
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The plan's, else full protection but on this machine.
fn sslmode(spec: &Spec) -> SslMode {
    spec.connect.sslmode.unwrap_or(match spec.provider {
        ProviderKind::Local => SslMode::Disable,
        _ => SslMode::VerifyFull,
    })
}

/// The fleet's live primary as something to ask.
pub(crate) fn primary(resolution: &Resolution) -> Option<Target> {
    let live = resolution.observed.primary()?;
    let wanted = resolution.desired.managed_primary();
    target(
        live,
        wanted.map_or(Address::Primary, |wanted| wanted.address.clone()),
    )
}

/// One live replica as something to ask.
pub(crate) fn replica(resolution: &Resolution, wanted: &DesiredInstance) -> Option<Target> {
    target(
        resolution.observed.wanted.get(&wanted.address)?,
        wanted.address.clone(),
    )
}

/// A live instance under the plan's address; `None` until it has an endpoint.
pub(crate) fn target(live: &ObservedInstance, address: Address) -> Option<Target> {
    Some(Target {
        role: address.role(),
        address,
        resource_id: live.resource.id.clone(),
        endpoint: live.endpoint.clone()?,
        slot: None,
    })
}
