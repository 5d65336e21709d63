//! Tokens: what the endpoint issues, and what ARM takes.

use crate::client::{Lab, Reply, path};
use pgfleet_simulator::{AzureOptions, Clock};

const TENANT: &str = "00000000-0000-0000-0000-0000000000aa";
const SCOPE: &str = "https%3A%2F%2Fmanagement.azure.com%2F.default";
const ASSERTION: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

async fn ask(lab: &Lab, form: &str) -> Reply {
    let target = format!("/{TENANT}/oauth2/v2.0/token");
    lab.raw("POST", &target, "", form).await
}

fn secret(scope: &str) -> String {
    format!("grant_type=client_credentials&client_id=food&client_secret=s&scope={scope}")
}

async fn get(lab: &Lab, token: &str) -> Reply {
    let target = format!("{}?api-version=2024-08-01", path("food"));
    lab.raw(
        "GET",
        &target,
        &format!("Authorization: Bearer {token}\r\n"),
        "",
    )
    .await
}

fn refused(reply: &Reply, status: u16, error: &str, words: &str) {
    assert_eq!(
        (reply.status, reply.text("/error")),
        (status, error.to_owned())
    );
    assert!(
        reply.text("/error_description").contains(words),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn a_token_is_issued_for_the_public_scope_only() {
    let lab = Lab::at_once().await;
    let token = ask(&lab, &secret(SCOPE)).await.ok();
    assert_eq!(token.text("/token_type"), "Bearer");
    assert_eq!(token.at("/expires_in"), 3599);
    let own = ask(&lab, &secret("http%3A%2F%2F127.0.0.1%2F.default")).await;
    refused(&own, 400, "invalid_resource", "AADSTS500011");
    let plain = ask(&lab, &secret("user.read")).await;
    refused(&plain, 400, "invalid_scope", "AADSTS1002012");
    let records = lab.simulator.control().requests();
    let actions: Vec<_> = records
        .iter()
        .map(|record| record.action.as_str())
        .collect();
    assert_eq!(actions, ["Token", "Token", "Token"]);
    assert_eq!(records[0].identifier.as_deref(), Some("food"));
    assert_eq!(records[0].outcome, "ok");
    assert_eq!(records[1].outcome, "AADSTS500011");
}

#[tokio::test]
async fn a_client_shows_a_secret_or_an_assertion() {
    let mut options = AzureOptions::default();
    options.clients.insert("food".to_owned(), "s".to_owned());
    let lab = Lab::with(options, Clock::AtOnce).await;
    ask(&lab, &secret(SCOPE)).await.ok();
    let wrong = secret(SCOPE).replace("client_secret=s", "client_secret=t");
    refused(
        &ask(&lab, &wrong).await,
        401,
        "invalid_client",
        "AADSTS7000215",
    );
    let unknown = secret(SCOPE).replace("client_id=food", "client_id=other");
    refused(
        &ask(&lab, &unknown).await,
        401,
        "invalid_client",
        "AADSTS700016",
    );
    let neither = secret(SCOPE).replace("client_secret", "nothing");
    refused(
        &ask(&lab, &neither).await,
        401,
        "invalid_client",
        "AADSTS7000216",
    );
    let assertion = format!(
        "grant_type=client_credentials&client_id=food&scope={SCOPE}&client_assertion=a.b.c\
         &client_assertion_type={ASSERTION}"
    );
    ask(&lab, &assertion).await.ok();
    refused(
        &ask(&lab, &assertion.replace("a.b.c", "abc")).await,
        401,
        "invalid_client",
        "JWT",
    );
    let grant = secret(SCOPE).replace("client_credentials", "password");
    refused(
        &ask(&lab, &grant).await,
        400,
        "unsupported_grant_type",
        "AADSTS70003",
    );
    let target = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
    let configuration = lab.raw("GET", &target, "", "").await.ok();
    assert!(
        configuration
            .text("/token_endpoint")
            .ends_with("/oauth2/v2.0/token")
    );
}

#[tokio::test]
async fn a_token_is_demanded_where_options_say_so() {
    let lab = Lab::at_once().await;
    lab.get("food").await.refused(404, "ResourceNotFound");
    lab.change(|options| options.require_token = true);
    let without = lab.get("food").await;
    without
        .refused(401, "AuthenticationFailed")
        .saying("header is missing");
    assert!(
        without
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer authorization_uri=")
    );
    get(&lab, "anything").await.refused(404, "ResourceNotFound");
    lab.change(|options| options.only_issued_tokens = true);
    get(&lab, "anything")
        .await
        .refused(401, "InvalidAuthenticationToken");
    let token = ask(&lab, &secret(SCOPE)).await.ok().text("/access_token");
    get(&lab, &token).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn tokens_expire_by_time_or_by_switch() {
    let lab = Lab::at_once().await;
    lab.change(|options| options.token_seconds = 0);
    let token = ask(&lab, &secret(SCOPE)).await.ok().text("/access_token");
    get(&lab, &token)
        .await
        .refused(401, "ExpiredAuthenticationToken");
    lab.change(|options| options.token_seconds = 600);
    let token = ask(&lab, &secret(SCOPE)).await.ok().text("/access_token");
    get(&lab, &token).await.refused(404, "ResourceNotFound");
    let control = lab.simulator.control();
    control.revoke_azure_tokens();
    get(&lab, &token)
        .await
        .refused(401, "ExpiredAuthenticationToken");
    let token = ask(&lab, &secret(SCOPE)).await.ok().text("/access_token");
    get(&lab, &token).await.refused(404, "ResourceNotFound");
    control.expire_credentials(["food"]);
    get(&lab, &token)
        .await
        .refused(401, "ExpiredAuthenticationToken");
    get(&lab, "other").await.refused(404, "ResourceNotFound");
    control.expire_credentials(["*"]);
    get(&lab, "other")
        .await
        .refused(401, "ExpiredAuthenticationToken");
    ask(&lab, &secret(SCOPE)).await.ok();
}
