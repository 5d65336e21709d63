//! What ARM itself does before the PostgreSQL service sees a request: tokens, roles, versions,
//! subscriptions and groups.

use super::call::SERVERS;
use super::fields::{VERSIONS, Version};
use super::options::AzureOptions;
use super::refusal::{Answer, Outcome, Refusal};
use super::request::{Inquiry, Target};
use super::token::{self, AUDIENCE, is_uuid};
use super::uri;
use crate::clock::Millis;
use crate::uuid::uuid;
use serde_json::{Value, json};

/// Who asks. `wall` is in real time, as tokens are; tokens up to the number `revoked` are not taken.
pub(super) fn caller(
    options: &AzureOptions,
    inquiry: &Inquiry,
    wall: Millis,
    revoked: u64,
) -> Outcome<String> {
    const ANYBODY: &str = "00000000-0000-0000-0000-0000000000cc";
    let demanded = inquiry.secure || options.require_token || options.only_issued_tokens;
    let Some(bearer) = &inquiry.token else {
        if demanded {
            return Err(Refusal::unauthenticated(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ));
        }
        return Ok(ANYBODY.to_owned());
    };
    if bearer.is_empty() {
        return Err(Refusal::unauthenticated(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        ));
    }
    match token::read(bearer) {
        Some(token) if token.expires.saturating_mul(1000) <= wall || token.serial <= revoked => {
            Err(Refusal::expired())
        }
        Some(token) if token.audience != AUDIENCE => Err(Refusal::unauthenticated(
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for wrong audience or resource. It should exactly \
             match with one of the allowed audiences 'https://management.core.windows.net/', \
             'https://management.azure.com/'.",
        )),
        Some(token) => Ok(token.client),
        None if options.only_issued_tokens => Err(Refusal::unauthenticated(
            "InvalidAuthenticationToken",
            "The access token is invalid.",
        )),
        None => Ok(ANYBODY.to_owned()),
    }
}

/// The version of the API that is asked for.
pub(super) fn version(inquiry: &Inquiry) -> Outcome<(&'static str, Version)> {
    let given = given_version(inquiry)?;
    let known = VERSIONS.into_iter().find(|(word, _)| *word == given);
    known.ok_or_else(|| {
        let supported: Vec<&str> = VERSIONS.iter().map(|(word, _)| *word).collect();
        let supported = supported.join(", ");
        if inquiry.method == "PUT" {
            return Refusal::new(
                400,
                "NoRegisteredProviderFound",
                format!(
                    "No registered resource provider found for location '{}' and API version \
                     '{given}' for type 'flexibleServers'. The supported api-versions are \
                     '{supported}'.",
                    inquiry.region
                ),
            );
        }
        Refusal::new(
            400,
            "InvalidResourceType",
            format!(
                "The resource type 'flexibleServers' could not be found in the namespace \
                 'Microsoft.DBforPostgreSQL' for api version '{given}'. The supported \
                 api-versions are '{supported}'."
            ),
        )
    })
}

/// The version as it is written: a date, perhaps with `-preview`.
fn given_version(inquiry: &Inquiry) -> Outcome<&str> {
    let given = uri::value(&inquiry.query, "api-version").filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| {
        Refusal::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    })?;
    let date = given.get(..10).unwrap_or_default();
    let is_date = date.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let rest = given.get(10..).unwrap_or_default();
    if date.len() == 10 && is_date && (rest.is_empty() || rest.starts_with('-')) {
        return Ok(given);
    }
    Err(Refusal::new(
        400,
        "InvalidApiVersionParameter",
        format!(
            "The api-version '{given}' is invalid. It has the form of a date, such as 2024-08-01."
        ),
    ))
}

/// The subscription exists, the caller may do what is asked, and the group exists.
pub(super) fn scope(options: &AzureOptions, inquiry: &Inquiry, caller: &str) -> Outcome<()> {
    let subscription = &inquiry.subscription;
    if inquiry.target != Target::Subscriptions {
        if !is_uuid(subscription) {
            return Err(Refusal::new(
                400,
                "InvalidSubscriptionId",
                format!(
                    "The provided subscription identifier '{subscription}' is malformed or invalid."
                ),
            ));
        }
        let known = &options.subscriptions;
        let known = known
            .iter()
            .any(|other| other.eq_ignore_ascii_case(subscription));
        if !known && !options.any_subscription {
            return Err(Refusal::new(
                404,
                "SubscriptionNotFound",
                format!("The subscription '{subscription}' could not be found."),
            ));
        }
    }
    permission(options, inquiry, caller)?;
    if inquiry.group.is_empty() || group(options, inquiry).is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{}' could not be found.", inquiry.group),
    ))
}

fn permission(options: &AzureOptions, inquiry: &Inquiry, caller: &str) -> Outcome<()> {
    let (action, scope) = inquiry.permission();
    let below = |wide: &str| {
        let (wide, scope) = (
            wide.trim_end_matches('/').to_ascii_lowercase(),
            scope.to_ascii_lowercase(),
        );
        let rest = scope.strip_prefix(&wide);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let same = |other: &String| other.eq_ignore_ascii_case(&action);
    let mut denied = options.denied.iter();
    let denied =
        denied.any(|denied| (denied.action == "*" || same(&denied.action)) && below(&denied.scope));
    let mut roles = options.roles.iter();
    let allowed = options.roles.is_empty()
        || roles.any(|role| role.actions.iter().any(same) && below(&role.scope));
    if allowed && !denied {
        return Ok(());
    }
    let object = uuid(&format!("object {caller}"));
    Err(Refusal::new(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{caller}' with object id '{object}' does not have authorization to \
             perform action '{action}' over scope '{scope}' or the scope is invalid. If access \
             was recently granted, please refresh your credentials."
        ),
    ))
}

/// The name and the region of the group, where it exists.
fn group<'a>(options: &'a AzureOptions, inquiry: &'a Inquiry) -> Option<(&'a str, &'a str)> {
    let known = options.resource_groups.iter().find(|group| {
        group.name.eq_ignore_ascii_case(&inquiry.group)
            && group
                .subscription
                .eq_ignore_ascii_case(&inquiry.subscription)
    });
    match known {
        Some(group) => Some((&group.name, &group.location)),
        None if options.any_resource_group => Some((&inquiry.group, "eastus")),
        None => None,
    }
}

/// What is asked of ARM itself.
pub(super) fn own(options: &AzureOptions, inquiry: &Inquiry) -> Outcome<Option<Answer>> {
    match inquiry.target {
        Target::Subscriptions => {
            given_version(inquiry)?;
            let all: Vec<Value> = options
                .subscriptions
                .iter()
                .map(|id| subscription(options, id))
                .collect();
            Ok(Some(Answer::read(json!({"value": all}))))
        }
        Target::Subscription => {
            given_version(inquiry)?;
            Ok(Some(Answer::read(subscription(
                options,
                &inquiry.subscription,
            ))))
        }
        Target::Group if inquiry.method == "HEAD" => Ok(Some(Answer::empty(204))),
        Target::Group => {
            given_version(inquiry)?;
            let (name, location) = group(options, inquiry).unwrap_or_default();
            let body = json!({
                "id": format!("/subscriptions/{}/resourceGroups/{name}", inquiry.subscription),
                "name": name,
                "type": "Microsoft.Resources/resourceGroups",
                "location": location,
                "properties": {"provisioningState": "Succeeded"},
            });
            Ok(Some(Answer::read(body)))
        }
        _ => Ok(None),
    }
}

fn subscription(options: &AzureOptions, id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": options.tenant,
        "displayName": "Simulated",
        "state": "Enabled",
    })
}

/// A path or a method that nothing answers.
pub(super) fn unknown(inquiry: &Inquiry) -> Refusal {
    if inquiry.target == Target::Unknown {
        return Refusal::new(
            404,
            "InvalidResourceType",
            format!(
                "The path '{}' names no resource type that is simulated; there is {SERVERS} and \
                 what is below it.",
                inquiry.path
            ),
        );
    }
    Refusal::new(
        405,
        "HttpMethodNotSupported",
        format!(
            "The http method '{}' is not supported for a resource of this type.",
            inquiry.method
        ),
    )
}
