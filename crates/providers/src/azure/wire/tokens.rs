//! Tokens, kept until they are about to expire, and from the first source that gives one.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::auth::{AccessToken, Secret, TokenCredential};
use azure_core_1::{
    credentials::{AccessToken as Token, TokenCredential as Source},
    time::{Duration as Span, OffsetDateTime},
};
use tokio::{sync::Mutex, time::timeout};

use crate::words::chain;

use super::{
    credentials::{self, Candidate},
    failure::Failure,
};

/// What a token is for: Azure Resource Manager, wherever its endpoint is said to be.
pub(super) const SCOPE: &str = "https://management.azure.com/.default";
/// A token is asked for anew when it has no longer than this to live, or half of its life.
const EARLY: Span = Span::seconds(300);
/// Longest that one source may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who the requests are made as.
#[derive(Debug)]
pub(super) enum Tokens {
    /// Nobody: the endpoint is asked without TLS, and no token goes there.
    Nobody,
    /// Whom the environment says.
    Somebody(Mutex<Option<Chosen>>),
}

/// The source that gave a token, and the token.
#[derive(Debug)]
pub(super) struct Chosen {
    name: &'static str,
    source: Arc<dyn Source>,
    token: Token,
    since: OffsetDateTime,
}

impl Tokens {
    pub(super) fn somebody() -> Self {
        Self::Somebody(Mutex::new(None))
    }

    /// A token, or nothing for nobody.
    pub(super) async fn get(&self) -> Result<Option<Token>, Failure> {
        let Self::Somebody(chosen) = self else {
            return Ok(None);
        };
        // One asks, the others wait for what comes.
        let mut chosen = chosen.lock().await;
        let known = match chosen.take() {
            Some(mut known) if is_stale(&known.token, known.since) => {
                known.token = ask(known.name, known.source.as_ref()).await?;
                known.since = OffsetDateTime::now_utc();
                known
            }
            Some(known) => known,
            None => choose().await?,
        };
        let token = known.token.clone();
        *chosen = Some(known);
        Ok(Some(token))
    }

    /// Lets go of a token that was refused.
    pub(super) async fn forget(&self) {
        if let Self::Somebody(chosen) = self {
            *chosen.lock().await = None;
        }
    }
}

fn is_stale(token: &Token, since: OffsetDateTime) -> bool {
    let left = token.expires_on - OffsetDateTime::now_utc();
    let life: Span = token.expires_on - since;
    left <= EARLY.min(Span::seconds(life.whole_seconds() / 2))
}

/// Tries one source after the other. One that the environment names is not passed over where it
/// fails: whoever names it does not want to be somebody else.
async fn choose() -> Result<Chosen, Failure> {
    let mut tried: Vec<String> = Vec::new();
    for candidate in credentials::candidates() {
        let Candidate { name, named, open } = candidate;
        let source = match open.await {
            Ok(source) => source,
            Err(why) => {
                tried.push(format!("{name}: {why}"));
                if named {
                    break;
                }
                continue;
            }
        };
        let since = OffsetDateTime::now_utc();
        match ask(name, source.as_ref()).await {
            Ok(token) => {
                return Ok(Chosen {
                    name,
                    source,
                    token,
                    since,
                });
            }
            Err(failure) => {
                tried.push(failure.to_string());
                if named {
                    tried.push("the environment names it, so nothing else was tried".to_owned());
                    break;
                }
            }
        }
    }
    Err(Failure::NoToken(tried.join("; ")))
}

async fn ask(name: &str, source: &dyn Source) -> Result<Token, Failure> {
    let failed = |why: String| Failure::NoToken(format!("{name}: {why}"));
    match timeout(PATIENCE, source.get_token(&[SCOPE], None)).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(error)) => Err(failed(credentials::without_secrets(&told(&error)))),
        Err(_) => Err(failed("no answer in time".to_owned())),
    }
}

/// What a source says, without the advice that it repeats each time.
fn told(error: &azure_core_1::Error) -> String {
    let words = chain(error);
    let words = words.replace("To troubleshoot, visit ", "see ");
    match words.split_once(" authentication failed. ") {
        Some((_, why)) => why.to_owned(),
        None => words,
    }
}

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(&self, _scopes: &[&str]) -> azure_core::Result<AccessToken> {
        let failed =
            |failure| azure_core::Error::new(azure_core::error::ErrorKind::Credential, failure);
        // The transport takes the empty one off again.
        let none = || AccessToken::new(Secret::new(""), OffsetDateTime::now_utc());
        let token = self.get().await.map_err(failed)?;
        Ok(token.map_or_else(none, |token| {
            let secret = Secret::new(token.token.secret().to_owned());
            AccessToken::new(secret, token.expires_on)
        }))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        self.forget().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_before_it_expires() {
        let now = OffsetDateTime::now_utc();
        let token = |left: i64| Token::new("t", now + Span::seconds(left));
        let hour = |left: i64| now + Span::seconds(left) - Span::seconds(3600);
        assert!(!is_stale(&token(1800), hour(1800)));
        assert!(is_stale(&token(240), hour(240)));
        // One of a minute only is used for half of it.
        assert!(!is_stale(&token(50), now - Span::seconds(10)));
        assert!(is_stale(&token(20), now - Span::seconds(40)));
    }
}
