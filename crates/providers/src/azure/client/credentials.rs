//! Where tokens may come from, in order. The identity library has the sources; which of them to try
//! is decided here, by the variables that Azure's own tools read.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use azure_core_1::{
    credentials::TokenCredential,
    error::ErrorKind,
    http::{ClientMethodOptions, ClientOptions, ExponentialRetryOptions, RetryOptions, Transport},
};
use azure_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use futures_util::future::BoxFuture;
use pgfleet_provider::ProviderError;
use secrecy::SecretString;
use tokio::{net::TcpStream, time::timeout};

use super::transport;
use crate::shared::passwords::scrubbed;

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const LOGIN: &str = "AZURE_AUTHORITY_HOST";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// Where a virtual machine in Azure asks for its identity.
const METADATA: &str = "169.254.169.254:80";
/// How long that takes to answer at most, where it is there at all.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);
/// Whom GitHub's token is meant for.
const AUDIENCE: &str = "api://AzureADTokenExchange";

type Opened = Result<Arc<dyn TokenCredential>, String>;

/// A source that may give tokens.
pub(super) struct Candidate {
    pub(super) name: &'static str,
    /// Whether the environment asks for this one.
    pub(super) named: bool,
    pub(super) open: BoxFuture<'static, Opened>,
}

/// Every source, in the order in which they are tried.
pub(super) fn candidates() -> Vec<Candidate> {
    let environment = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    list(&environment)
}

fn list(environment: &dyn Fn(&str) -> Option<String>) -> Vec<Candidate> {
    let all = |names: &[&str]| -> Result<Vec<String>, String> {
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| environment(name).is_none())
            .collect();
        if missing.is_empty() {
            Ok(names.iter().filter_map(|name| environment(name)).collect())
        } else {
            Err(format!("{} not set", missing.join(", ")))
        }
    };
    let secret = all(&[TENANT, CLIENT, SECRET]);
    let file = all(&[TENANT, CLIENT, TOKEN_FILE]);
    let github = all(&[TENANT, CLIENT, GITHUB_URL, GITHUB_TOKEN]);
    let login = environment(LOGIN).and_then(|text| text.trim().parse().ok());
    let login = login.as_ref().is_some_and(transport::is_here);
    let identity = environment(CLIENT);
    let here = environment("IDENTITY_ENDPOINT").is_some() || environment("MSI_ENDPOINT").is_some();
    vec![
        Candidate {
            name: "client secret",
            named: secret.is_ok(),
            open: Box::pin(async move { client_secret(secret?, login) }),
        },
        Candidate {
            name: "workload identity",
            named: file.is_ok(),
            open: Box::pin(async move { workload_identity(file?, login) }),
        },
        Candidate {
            name: "GitHub's OpenID Connect",
            named: github.is_ok(),
            open: Box::pin(async move { github_actions(github?, login) }),
        },
        Candidate {
            name: "managed identity",
            named: false,
            open: Box::pin(managed_identity(identity, here)),
        },
        Candidate {
            name: "az",
            named: false,
            open: Box::pin(async {
                AzureCliCredential::new(None)
                    .map(erased)
                    .map_err(|error| said(&error))
            }),
        },
        Candidate {
            name: "azd",
            named: false,
            open: Box::pin(async {
                AzureDeveloperCliCredential::new(None)
                    .map(erased)
                    .map_err(|error| said(&error))
            }),
        },
    ]
}

fn erased<T: TokenCredential + 'static>(source: Arc<T>) -> Arc<dyn TokenCredential> {
    source
}

fn said(error: &azure_core_1::Error) -> String {
    crate::shared::words::chain(error)
}

/// A client like pgfleet's own.
fn client(on_this_machine: bool) -> Result<reqwest::Client, String> {
    transport::client(on_this_machine).map_err(|failure| failure.to_string())
}

/// Who asks a login: a few times where the network fails.
fn options(client: reqwest::Client) -> ClientOptions {
    ClientOptions {
        transport: Some(Transport::new(Arc::new(client))),
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 3,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    }
}

fn take<const N: usize>(values: Vec<String>) -> Result<[String; N], String> {
    values
        .try_into()
        .map_err(|_| "the environment changed meanwhile".to_owned())
}

fn client_secret(values: Vec<String>, login_is_here: bool) -> Opened {
    let [tenant, id, secret] = take(values)?;
    let options = ClientSecretCredentialOptions {
        client_options: options(client(login_is_here)?),
    };
    let source = ClientSecretCredential::new(&tenant, id, secret.into(), Some(options));
    source.map(erased).map_err(|error| said(&error))
}

fn workload_identity(values: Vec<String>, login_is_here: bool) -> Opened {
    let [tenant, id, file] = take(values)?;
    let options = WorkloadIdentityCredentialOptions {
        credential_options: ClientAssertionCredentialOptions {
            client_options: options(client(login_is_here)?),
        },
        client_id: Some(id),
        tenant_id: Some(tenant),
        token_file_path: Some(file.into()),
    };
    let source = WorkloadIdentityCredential::new(Some(options));
    source.map(erased).map_err(|error| said(&error))
}

fn github_actions(values: Vec<String>, login_is_here: bool) -> Opened {
    let [tenant, id, url, token] = take(values)?;
    let assertion = GitHub::at(&url, token)?;
    let options = ClientAssertionCredentialOptions {
        client_options: options(client(login_is_here)?),
    };
    let source = ClientAssertionCredential::new(tenant, id, assertion, Some(options));
    source.map(erased).map_err(|error| said(&error))
}

/// The token of a workflow's run, which Azure takes for an assertion.
struct GitHub {
    client: reqwest::Client,
    url: reqwest::Url,
    token: azure_core_1::credentials::Secret,
}

impl GitHub {
    /// The address that a job is given, asked for a token that is meant for Azure.
    fn at(url: &str, token: String) -> Result<Self, String> {
        let mut url: reqwest::Url = url
            .parse()
            .map_err(|_| format!("{GITHUB_URL} holds no address"))?;
        if url.scheme() != "https" {
            return Err(format!("{GITHUB_URL} is not https"));
        }
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
        Ok(Self {
            client: client(transport::is_here(&url))?,
            url,
            token: token.into(),
        })
    }
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub").finish_non_exhaustive()
    }
}

#[async_trait]
impl ClientAssertion for GitHub {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core_1::Result<String> {
        let failed = |kind, why: String| {
            let why = format!("GitHub gives no token for this run: {why}");
            azure_core_1::Error::with_message(kind, why)
        };
        let refused = |why: &str| failed(ErrorKind::Credential, why.to_owned());
        let asked = self
            .client
            .get(self.url.clone())
            .bearer_auth(self.token.secret());
        let answer = asked.send().await;
        let answer = answer.map_err(|error| {
            let why = crate::shared::words::chain(&error.without_url());
            failed(ErrorKind::Io, why)
        })?;
        let status = answer.status();
        if !status.is_success() {
            let kind = ErrorKind::HttpResponse {
                status: status.as_u16().into(),
                error_code: None,
                raw_response: None,
            };
            return Err(failed(kind, format!("HTTP status {status}")));
        }
        let body: serde_json::Value = answer
            .json()
            .await
            .map_err(|_| refused("its answer is no JSON"))?;
        let value = body.get("value").and_then(serde_json::Value::as_str);
        let assertion = value.ok_or_else(|| refused("its answer holds none"))?;
        let mut given = ASSERTION.lock().unwrap_or_else(PoisonError::into_inner);
        *given = Some(assertion.into());
        Ok(assertion.to_owned())
    }
}

/// The library waits over a minute for an answer from a machine that is not in Azure; whether
/// anybody is there is found out before.
async fn managed_identity(id: Option<String>, elsewhere: bool) -> Opened {
    if !elsewhere {
        let there = timeout(METADATA_PATIENCE, TcpStream::connect(METADATA)).await;
        if !there.is_ok_and(|connected| connected.is_ok()) {
            return Err("this machine is not in Azure, or has no identity there".to_owned());
        }
    }
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: id.map(UserAssignedId::ClientId),
        // It is asked in plain text, by the machine itself or by what runs beside it: a proxy would
        // see the secret that goes there and the token that comes back.
        client_options: options(client(true)?),
    };
    let source = ManagedIdentityCredential::new(Some(options));
    source.map(erased).map_err(|error| said(&error))
}

/// The assertion that GitHub gave last.
static ASSERTION: Mutex<Option<SecretString>> = Mutex::new(None);

/// Takes what logs in, and what a login gives, out of somebody else's words.
pub(super) fn without_secrets(words: &str) -> String {
    let environment = |name: &str| std::env::var(name).ok();
    let mut secrets = secrets(&environment);
    let given = ASSERTION.lock().unwrap_or_else(PoisonError::into_inner);
    secrets.extend(given.clone());
    drop(given);
    hidden(words, &secrets)
}

/// What logs in, by the environment.
fn secrets(environment: &dyn Fn(&str) -> Option<String>) -> Vec<SecretString> {
    let named = [SECRET, GITHUB_TOKEN, "IDENTITY_HEADER", "MSI_SECRET"].map(environment);
    let assertion = environment(TOKEN_FILE).and_then(|path| std::fs::read_to_string(path).ok());
    let all = named.into_iter().chain([assertion]).flatten();
    let all = all.map(|secret| secret.trim().to_owned());
    all.filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .collect()
}

/// Words without these secrets, and without whatever looks like a token.
fn hidden(words: &str, secrets: &[SecretString]) -> String {
    let mut error = ProviderError::new(pgfleet_provider::ErrorKind::Credentials, words);
    for secret in secrets {
        error = scrubbed(error, Some(secret));
    }
    without_tokens(&error.message)
}

/// Every token of a login is a JSON Web Token, and begins as one: with `{"` in base64.
fn without_tokens(words: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut clean = String::with_capacity(words.len());
    for part in words.split_inclusive(|c| !is_part(c)) {
        let token = part.trim_end_matches(|c| !is_part(c));
        if token.starts_with("eyJ") && token.len() > 20 {
            clean.push_str("***");
            clean.push_str(&part[token.len()..]);
        } else {
            clean.push_str(part);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the sources that this environment asks for.
    fn named(pairs: &[(&str, &str)]) -> Vec<&'static str> {
        let find = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        };
        let candidates = list(&find).into_iter();
        let named = candidates.filter(|candidate| candidate.named);
        named.map(|candidate| candidate.name).collect()
    }

    #[test]
    fn the_environment_says_which_source_is_meant() {
        let base = [(TENANT, "t"), (CLIENT, "c")];
        let with = |more: &[(&'static str, &'static str)]| named(&[&base[..], more].concat());
        assert_eq!(with(&[]), [""; 0]);
        assert_eq!(with(&[(SECRET, "s")]), ["client secret"]);
        assert_eq!(with(&[(TOKEN_FILE, "/f")]), ["workload identity"]);
        assert_eq!(
            with(&[(GITHUB_URL, "https://x"), (GITHUB_TOKEN, "t")]),
            ["GitHub's OpenID Connect"]
        );
        assert_eq!(named(&[(SECRET, "s")]), [""; 0]);
    }

    #[tokio::test]
    async fn a_source_that_is_not_set_up_says_what_is_missing() {
        let found = |name: &str| (name == CLIENT).then(|| "c".to_owned());
        let mut candidates = list(&found).into_iter();
        let Err(why) = candidates.next().unwrap().open.await else {
            panic!("there is nothing to open");
        };
        assert_eq!(why, "AZURE_TENANT_ID, AZURE_CLIENT_SECRET not set");
    }

    #[test]
    fn the_workflow_s_token_is_sent_over_tls_only() {
        let values = ["t", "c", "http://example.com/token", "secret"].map(ToOwned::to_owned);
        let Err(why) = github_actions(values.to_vec(), false) else {
            panic!("it was taken");
        };
        assert!(
            why.contains("is not https") && !why.contains("secret"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn a_workflow_s_token_is_asked_for_azure_and_taken_from_the_answer() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let github = GitHub {
            client: client(true).unwrap(),
            url: format!("http://{address}/token?api-version=2.0&audience=api%3A%2F%2Fx")
                .parse()
                .unwrap(),
            token: "the-job-s".to_owned().into(),
        };
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            while !asked.contains("\r\n\r\n") {
                let mut part = [0; 1024];
                let read = stream.read(&mut part).await.unwrap();
                asked.push_str(std::str::from_utf8(&part[..read]).unwrap());
            }
            let body = r#"{"count": 1857, "value": "the.assertion.itself"}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked
        };
        let (assertion, asked) = tokio::join!(github.secret(None), answer);
        assert_eq!(assertion.unwrap(), "the.assertion.itself");
        assert_eq!(without_secrets("no the.assertion.itself"), "no ***");
        assert!(asked.starts_with("GET /token?api-version=2.0&"), "{asked}");
        let asked = asked.to_ascii_lowercase();
        assert!(asked.contains("authorization: bearer the-job-s"), "{asked}");
    }

    #[test]
    fn what_logs_in_is_not_repeated_where_a_login_repeats_it() {
        let file = std::env::temp_dir().join(format!("pgfleet-assertion-{}", std::process::id()));
        std::fs::write(&file, "planted.assertion.of-a-file\n").unwrap();
        let path = file.to_str().unwrap().to_owned();
        let found = |name: &str| match name {
            TOKEN_FILE => Some(path.clone()),
            "IDENTITY_HEADER" => Some("planted-header".to_owned()),
            SECRET => Some("planted-secret".to_owned()),
            _ => None,
        };
        let secrets = secrets(&found);
        std::fs::remove_file(&file).unwrap();
        for (said, told) in [
            (
                "AADSTS1: `planted.assertion.of-a-file` is bad",
                "AADSTS1: `***` is bad",
            ),
            ("planted-header, planted-secret", "***, ***"),
            (
                "the token eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln, which",
                "the token ***, which",
            ),
            ("Bearer eyJhbGciOiJSUzI1NiJ9.ey ...", "Bearer *** ..."),
        ] {
            assert_eq!(hidden(said, &secrets), told);
        }
    }

    #[test]
    fn a_workflow_s_token_is_meant_for_azure_s_exchange() {
        let source = GitHub::at(
            "https://example.com/token?api-version=2.0",
            "secret".to_owned(),
        );
        let source = source.unwrap();
        assert_eq!(
            source.url.query(),
            Some("api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange")
        );
        assert!(!format!("{source:?}").contains("secret"));
    }
}
