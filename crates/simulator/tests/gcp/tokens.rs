//! Tokens: what is given for those of other issuers, and what the Admin API takes.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::client::{Lab, PROJECT};
use crate::http::Reply;
use pgfleet_simulator::{Clock, GcpOptions};
use serde_json::json;

const AUDIENCE: &str = "%2F%2Fiam.googleapis.com%2Fprojects%2F1%2Flocations%2Fglobal";
const KIND: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

async fn exchange(lab: &Lab, audience: &str, subject: &str) -> Reply {
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&requested_token_type={KIND}\
         &audience={audience}&scope=all&subject_token_type={JWT}&subject_token={subject}"
    );
    lab.send("POST", "/v1/token", "", &form).await.unwrap()
}

async fn list(lab: &Lab, token: &str) -> Reply {
    let target = format!("/v1/projects/{PROJECT}/instances");
    let header = format!("Authorization: Bearer {token}\r\n");
    lab.send("GET", &target, &header, "").await.unwrap()
}

async fn strict(token_seconds: u64) -> Lab {
    let mut options = GcpOptions::default();
    options.only_issued_tokens = true;
    options.token_seconds = token_seconds;
    Lab::with(options, Clock::AtOnce).await
}

#[tokio::test]
async fn a_json_web_token_is_exchanged_for_one_that_is_taken() {
    let lab = strict(3600).await;
    lab.list("").await.refused(401, "required");
    list(&lab, "ya29.other").await.refused(401, "authError");
    let token = exchange(&lab, AUDIENCE, "a.b.c").await.ok();
    assert_eq!(token.text("/token_type"), "Bearer");
    assert_eq!(token.at("/expires_in"), 3600);
    list(&lab, &token.text("/access_token")).await.ok();
    for (audience, subject, error) in [
        ("food", "a.b.c", "invalid_request"),
        (AUDIENCE, "secret", "invalid_grant"),
    ] {
        let refused = exchange(&lab, audience, subject).await;
        assert_eq!(
            (refused.status, refused.text("/error").as_str()),
            (400, error)
        );
        assert!(!refused.body.contains("secret"));
    }
}

#[tokio::test]
async fn a_service_account_lends_its_token_to_whoever_may_have_it() {
    let lab = strict(3600).await;
    let ask = async |token: &str, body: serde_json::Value| {
        let header = format!("Authorization: Bearer {token}\r\n");
        let target = "/v1/projects/-/serviceAccounts/a%40b:generateAccessToken";
        let body = body.to_string();
        lab.send("POST", target, &header, &body).await.unwrap()
    };
    let scope = json!(["https://www.googleapis.com/auth/cloud-platform"]);
    let whole = json!({"scope": scope, "lifetime": "3600s"});
    ask("other", whole.clone()).await.refused(401, "authError");
    let token = exchange(&lab, AUDIENCE, "a.b.c").await.ok();
    let token = token.text("/access_token");
    let lent = ask(&token, whole.clone()).await.ok();
    list(&lab, &lent.text("/accessToken")).await.ok();
    for wrong in [json!({}), json!({"scope": scope, "lifetime": "2h"})] {
        ask(&token, wrong).await.refused(400, "invalid");
    }
    lab.simulator.control().change_gcp(|options| {
        options.denied_permissions = vec!["iam.serviceAccounts.getAccessToken".to_owned()];
    });
    ask(&token, whole).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_refused() {
    let lab = strict(0).await;
    let token = exchange(&lab, AUDIENCE, "a.b.c").await.ok();
    let refused = list(&lab, &token.text("/access_token")).await;
    refused.refused(401, "authError");
}
