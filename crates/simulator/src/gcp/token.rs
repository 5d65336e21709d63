//! Tokens for whoever brings one of another issuer's: the Security Token Service, which gives one of
//! Google's for it, and `generateAccessToken` of IAM, which gives a service account's for that one.
//!
//! Written from the references of `sts` v1 and `iamcredentials` v1.

use super::errors::{ApiError, ApiResult};
use super::options::GcpOptions;
use crate::clock::{Millis, timestamp};
use crate::cloud::Request;
use crate::percent;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
/// What a token for all of Google Cloud is asked for with.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Of a service account that one acts as.
const LENDING: &str = "iam.serviceAccounts.getAccessToken";

/// Where a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Desk {
    /// `POST /v1/token` of `sts.googleapis.com`.
    Exchange,
    /// `generateAccessToken` of `iamcredentials.googleapis.com`, for this service account.
    Lend(String),
}

impl Desk {
    pub(super) fn read(method: &Method, path: &str) -> Option<Self> {
        if method != Method::POST {
            return None;
        }
        if path == "/v1/token" {
            return Some(Self::Exchange);
        }
        let account = path.strip_prefix("/v1/projects/-/serviceAccounts/")?;
        let account = account.strip_suffix(":generateAccessToken")?;
        Some(Self::Lend(percent::decode(account.as_bytes(), false)?))
    }

    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Exchange => "sts.token",
            Self::Lend(_) => "iamcredentials.generateAccessToken",
        }
    }

    /// The answer's body; the error as OAuth or as Google puts it. `wall` is in real time, as
    /// tokens are; `serial` is the number of the token that may be issued.
    pub(super) fn answer(
        &self,
        request: &Request,
        options: &GcpOptions,
        wall: Millis,
        serial: u64,
    ) -> Result<Value, Refused> {
        let seconds = options.token_seconds;
        let expires = wall.saturating_add(seconds.saturating_mul(1000));
        let token = write(expires, serial);
        match self {
            Self::Exchange => {
                check_exchange(&form(&request.body))
                    .map_err(|(error, why)| Refused::Oauth { error, why })?;
                Ok(json!({
                    "access_token": token,
                    "issued_token_type": ACCESS,
                    "token_type": "Bearer",
                    "expires_in": seconds,
                }))
            }
            Self::Lend(account) => {
                check_bearer(request, options, wall, true).map_err(Refused::Google)?;
                check_lending(request, options, account).map_err(Refused::Google)?;
                Ok(json!({"accessToken": token, "expireTime": timestamp(expires)}))
            }
        }
    }
}

/// A refusal in the words of OAuth, or in Google's own.
#[derive(Debug)]
pub(super) enum Refused {
    Oauth { error: &'static str, why: String },
    Google(ApiError),
}

/// Holds the token of a request against what is demanded.
pub(super) fn check_bearer(
    request: &Request,
    options: &GcpOptions,
    wall: Millis,
    only_issued: bool,
) -> ApiResult<()> {
    let only_issued = only_issued || options.only_issued_tokens;
    let Some(token) = bearer(request) else {
        if options.require_token || only_issued {
            let given = request.header("authorization").is_some();
            return Err(ApiError::unauthenticated(given));
        }
        return Ok(());
    };
    match expires(token) {
        Some(expires) if expires <= wall => Err(ApiError::unauthenticated(true)),
        None if only_issued => Err(ApiError::unauthenticated(true)),
        _ => Ok(()),
    }
}

/// The token that a request bears.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let header = request.header("authorization")?;
    let token = header.strip_prefix("Bearer ")?.trim();
    (!token.is_empty()).then_some(token)
}

fn check_exchange(form: &BTreeMap<String, String>) -> Result<(), (&'static str, String)> {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let invalid = |name: &str| Err(("invalid_request", format!("Invalid value for \"{name}\".")));
    if get("grant_type") != EXCHANGE {
        let why = "The grant type must be a token exchange.".to_owned();
        return Err(("unsupported_grant_type", why));
    }
    if get("requested_token_type") != ACCESS {
        return invalid("requested_token_type");
    }
    if !get("audience").starts_with("//iam.googleapis.com/") {
        return invalid("audience");
    }
    if get("scope").is_empty() {
        return invalid("scope");
    }
    if get("subject_token_type") != JWT {
        return invalid("subject_token_type");
    }
    // The signature is not ours to check; the form is.
    if get("subject_token").split('.').count() != 3 {
        let why = "The subject token is no JSON Web Token.".to_owned();
        return Err(("invalid_grant", why));
    }
    Ok(())
}

fn check_lending(request: &Request, options: &GcpOptions, account: &str) -> ApiResult<()> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let scopes = body["scope"].as_array();
    if !scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == SCOPE)) {
        return Err(ApiError::invalid("scope"));
    }
    let lifetime = body["lifetime"].as_str().unwrap_or("3600s");
    let seconds = lifetime.strip_suffix('s').map(str::parse::<u32>);
    if !matches!(seconds, Some(Ok(1..=3600))) {
        return Err(ApiError::invalid(format_args!("lifetime ({lifetime})")));
    }
    if options
        .denied_permissions
        .iter()
        .any(|denied| denied == LENDING)
    {
        let message =
            format!("Permission '{LENDING}' denied on resource (or it may not exist): {account}.");
        return Err(ApiError::new(403, "forbidden", message));
    }
    Ok(())
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    let pairs = body.split(|byte| *byte == b'&');
    pairs
        .filter_map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = percent::decode(parts.next()?, true)?;
            Some((name, percent::decode(parts.next()?, true)?))
        })
        .collect()
}

fn write(expires: Millis, serial: u64) -> String {
    let claims = format!("{expires}-{serial}");
    let signature = sign(&claims);
    format!("ya29.{claims}.{signature}")
}

fn sign(claims: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("the simulator's tokens {claims}")))
}

/// When a token that was issued here expires; none of another kind.
fn expires(token: &str) -> Option<Millis> {
    let (claims, signature) = token.strip_prefix("ya29.")?.split_once('.')?;
    let (expires, _) = claims.split_once('-')?;
    (signature == sign(claims)).then(|| expires.parse().ok())?
}
