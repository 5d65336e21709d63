//! The users of an instance: the one that every instance has.

use super::call::Call;
use super::databases::{belongs, check_writable};
use super::errors::{ApiError, ApiResult};
use super::fields::USER;
use super::operations::Effect;
use serde_json::Value;

/// The administrator of Cloud SQL for PostgreSQL.
const ADMINISTRATOR: &str = "postgres";

/// `users.update`: another password. It is kept nowhere.
pub(crate) fn update(call: &mut Call<'_>) -> ApiResult<Value> {
    let said = call.read(&USER)?;
    let instance = call.existing()?;
    let target = instance.name.clone();
    belongs(&said, instance)?;
    let user = call.route.parameter("name").unwrap_or_default();
    if user.is_empty() {
        return Err(ApiError::missing("name"));
    }
    // Users of PostgreSQL have no host.
    let host = call.route.parameter("host").unwrap_or_default();
    if !host.is_empty() || said.text("host").is_some_and(|host| !host.is_empty()) {
        return Err(ApiError::invalid("host is not supported for PostgreSQL"));
    }
    if said.text("name").is_some_and(|name| name != user) {
        return Err(ApiError::invalid("a user's name cannot be changed"));
    }
    if said.text("password").unwrap_or_default().is_empty() {
        return Err(ApiError::missing("password"));
    }
    check_writable(call, &target)?;
    if user != ADMINISTRATOR {
        return Err(ApiError::new(
            404,
            "userDoesNotExist",
            format!("The user {user} does not exist."),
        ));
    }
    let seconds = call.timing.update;
    Ok(call.begin("UPDATE_USER", &target, seconds, Effect::Password))
}
