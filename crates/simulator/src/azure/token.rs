//! Microsoft Entra's token endpoint, as much of it as a client with a secret or an assertion needs,
//! and the tokens that it issues.

use super::options::AzureOptions;
use super::refusal::Answer;
use super::request::Inquiry;
use super::uri;
use crate::clock::{Millis, timestamp};
use crate::uuid::uuid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What management tokens are for.
pub(super) const AUDIENCE: &str = "https://management.azure.com";
const SCOPE: &str = "https://management.azure.com/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token that this endpoint has issued.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) client: String,
    pub(super) audience: String,
    /// Real seconds since 1970.
    pub(super) expires: u64,
    /// Counts the tokens that a process has issued.
    pub(super) serial: u64,
}

/// Answers `POST /{tenant}/oauth2/v2.0/token`. `now` is in real time, as tokens are; `serial` is the
/// number of the token that it may issue.
pub(super) fn issue(
    options: &AzureOptions,
    tenant: &str,
    inquiry: &Inquiry,
    now: Millis,
    serial: u64,
) -> Answer {
    let form = uri::form(&inquiry.body);
    let get = |name: &str| uri::value(&form, name).filter(|value| !value.is_empty());
    let Some(client) = get("client_id") else {
        return refuse(
            now,
            900_144,
            "invalid_request",
            "The request body must contain the following parameter: 'client_id'.",
        );
    };
    if tenant != options.tenant && !is_uuid(tenant) && !tenant.contains('.') {
        return refuse(
            now,
            900_023,
            "invalid_request",
            &format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid \
                 external domain."
            ),
        );
    }
    match get("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let why = format!("The app requested an unsupported grant type '{other}'.");
            return refuse(now, 70_003, "unsupported_grant_type", &why);
        }
        None => {
            let why = "The request body must contain the following parameter: 'grant_type'.";
            return refuse(now, 900_144, "invalid_request", why);
        }
    }
    if let Err((number, error, why)) = check_scope(get("scope").unwrap_or_default()) {
        return refuse(now, number, error, &why);
    }
    if let Err((number, why)) = known(options, client, &get) {
        return refuse(now, number, "invalid_client", &why);
    }
    let seconds = options.token_seconds;
    let claims = json!({
        "aud": AUDIENCE,
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": now / 1000,
        "exp": now / 1000 + seconds,
        "appid": client,
        "oid": uuid(&format!("object {client}")),
        "tid": tenant,
        "serial": serial,
        "uti": uuid(&format!("token {client} {now} {serial}")),
    });
    let mut answer = Answer::read(json!({
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": write(&claims),
    }));
    answer
        .headers
        .push(("cache-control", "no-store, no-cache".to_owned()));
    answer
}

/// A token of this endpoint is for managing the public cloud, wherever the management's endpoint is.
fn check_scope(scope: &str) -> Result<(), (u32, &'static str, String)> {
    if scope == SCOPE {
        return Ok(());
    }
    if let Some(resource) = scope.strip_suffix("/.default") {
        let why = format!(
            "The resource principal named {resource} was not found in the tenant. This can happen \
             if the application has not been installed by the administrator of the tenant."
        );
        return Err((500_011, "invalid_resource", why));
    }
    let why = format!(
        "The provided value for scope {scope} is not valid. Client credential flows must have a \
         scope value with /.default suffixed to the resource identifier (application ID URI)."
    );
    Err((1_002_012, "invalid_scope", why))
}

fn known<'a>(
    options: &AzureOptions,
    client: &str,
    get: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(), (u32, String)> {
    if !options.clients.is_empty() && !options.clients.contains_key(client) {
        let why = format!(
            "Application with identifier '{client}' was not found in the directory. This can \
             happen if the application has not been installed by the administrator of the tenant."
        );
        return Err((700_016, why));
    }
    if let Some(assertion) = get("client_assertion") {
        if get("client_assertion_type") != Some(ASSERTION) {
            let why = format!("The client_assertion_type must be '{ASSERTION}'.");
            return Err((50_027, why));
        }
        // The signature is not ours to check; the form is.
        if assertion.split('.').count() != 3 {
            let why = "JWT token is invalid or malformed.".to_owned();
            return Err((50_027, why));
        }
        return Ok(());
    }
    match (get("client_secret"), options.clients.get(client)) {
        (None, _) => Err((
            7_000_216,
            "'client_assertion', 'client_secret' or 'request' is required for the \
             'client_credentials' grant type."
                .to_owned(),
        )),
        (Some(given), Some(right)) if given != right => Err((
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app \
                 '{client}'."
            ),
        )),
        _ => Ok(()),
    }
}

/// What a login says where it was told to refuse.
pub(super) fn refused(status: u16, error: &str, why: &str) -> Answer {
    Answer {
        status,
        body: Some(json!({"error": error, "error_description": why})),
        headers: Vec::new(),
        error: Some(error.to_owned()),
        effect: false,
    }
}

fn refuse(now: Millis, number: u32, error: &str, why: &str) -> Answer {
    let trace = uuid(&format!("trace {now} {number}"));
    let correlation = uuid(&format!("correlation {now} {number}"));
    let time = timestamp(now);
    let body = json!({
        "error": error,
        "error_description": format!(
            "AADSTS{number}: {why} Trace ID: {trace} Correlation ID: {correlation} Timestamp: \
             {time}"
        ),
        "error_codes": [number],
        "timestamp": time,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    });
    Answer {
        status: if error == "invalid_client" { 401 } else { 400 },
        headers: Vec::new(),
        body: Some(body),
        error: Some(format!("AADSTS{number}")),
        effect: false,
    }
}

/// What libraries look up before they ask for a token.
pub(super) fn configuration(tenant: &str, inquiry: &Inquiry) -> Answer {
    let base = format!("{}/{}", inquiry.base, uri::encode(tenant));
    Answer::read(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "issuer": format!("{base}/v2.0"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
    }))
}

fn write(claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": "HS256"}).to_string());
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = sign(&header, &payload);
    format!("{header}.{payload}.{signature}")
}

fn sign(header: &str, payload: &str) -> String {
    let text = format!("the simulator's tokens {header}.{payload}");
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// Reads a token that this endpoint has issued; none of another kind.
pub(super) fn read(token: &str) -> Option<Token> {
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature != sign(header, payload) {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(Token {
        client: claims["appid"].as_str()?.to_owned(),
        audience: claims["aud"].as_str()?.to_owned(),
        expires: claims["exp"].as_u64()?,
        serial: claims["serial"].as_u64()?,
    })
}

/// Whether a text has the form of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
