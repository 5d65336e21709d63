//! Tokens, kept until they are about to expire, and from the first source that gives one.

use std::{sync::Arc, time::Duration};

pub(super) use azure_core_1::credentials::AccessToken as Token;
use azure_core_1::{
    credentials::TokenCredential as Source,
    error::ErrorKind,
    time::{Duration as Span, OffsetDateTime},
};
use tokio::{sync::Mutex, time::timeout};

use crate::shared::words::{causes, chain};

use super::{
    credentials::{self, Candidate},
    failure::Failure,
};

/// What a token is for: Azure Resource Manager, wherever its endpoint is said to be.
pub(super) const SCOPE: &str = "https://management.azure.com/.default";
/// A token is asked for anew when it has no longer than this to live, or half of its life.
const EARLY: Span = Span::seconds(300);
/// After a login that failed, how long a token that is still good is used before another is asked for.
const REST: Span = Span::seconds(30);
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
    /// Until when the login is left alone.
    rests: OffsetDateTime,
}

impl Chosen {
    /// Takes a new token where the old one is about to expire. A login that fails takes nothing from
    /// one that is still good.
    async fn renew(&mut self) -> Result<(), Failure> {
        let now = OffsetDateTime::now_utc();
        let is_good = self.token.expires_on > now;
        if !is_stale(&self.token, self.since) || (is_good && now < self.rests) {
            return Ok(());
        }
        match ask(self.name, self.source.as_ref()).await {
            Ok(token) => {
                self.token = token;
                self.since = OffsetDateTime::now_utc();
            }
            Err(_) if self.token.expires_on > OffsetDateTime::now_utc() => {
                self.rests = OffsetDateTime::now_utc() + REST;
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
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
        let known = match chosen.as_mut() {
            Some(known) => {
                known.renew().await?;
                known
            }
            None => chosen.insert(choose().await?),
        };
        Ok(Some(known.token.clone()))
    }

    /// Another token than one that was refused; none where there is no other.
    pub(super) async fn instead_of(&self, refused: &Token) -> Result<Option<Token>, Failure> {
        let is_other = |token: &Token| token.token.secret() != refused.token.secret();
        if let Self::Somebody(chosen) = self {
            let mut chosen = chosen.lock().await;
            // Somebody else may have found out before, and have another one already.
            if !chosen.as_ref().is_some_and(|known| is_other(&known.token)) {
                *chosen = None;
            }
        }
        Ok(self.get().await?.filter(is_other))
    }
}

fn is_stale(token: &Token, since: OffsetDateTime) -> bool {
    let left = token.expires_on - OffsetDateTime::now_utc();
    let life: Span = token.expires_on - since;
    left <= EARLY.min(Span::seconds(life.whole_seconds() / 2))
}

async fn choose() -> Result<Chosen, Failure> {
    choose_of(credentials::candidates()).await
}

/// Tries one source after the other. One that the environment names is not passed over where it
/// fails: whoever names it does not want to be somebody else.
async fn choose_of(candidates: Vec<Candidate>) -> Result<Chosen, Failure> {
    let mut tried: Vec<String> = Vec::new();
    let mut later = false;
    for candidate in candidates {
        let named = candidate.named;
        match try_one(candidate).await {
            Ok(chosen) => return Ok(chosen),
            Err(failure) => {
                later |= matches!(failure, Failure::NoToken { passes: true, .. });
                tried.push(failure.to_string());
            }
        }
        if named {
            tried.push("the environment names it, so nothing else was tried".to_owned());
            break;
        }
    }
    Err(Failure::NoToken {
        passes: later,
        why: tried.join("; "),
    })
}

async fn try_one(candidate: Candidate) -> Result<Chosen, Failure> {
    let Candidate { name, open, .. } = candidate;
    let source = open.await.map_err(|why| Failure::NoToken {
        passes: false,
        why: format!("{name}: {}", credentials::without_secrets(&why)),
    })?;
    let since = OffsetDateTime::now_utc();
    let token = ask(name, source.as_ref()).await?;
    Ok(Chosen {
        name,
        source,
        token,
        since,
        rests: since,
    })
}

async fn ask(name: &str, source: &dyn Source) -> Result<Token, Failure> {
    let failed = |passes, why: &str| Failure::NoToken {
        passes,
        why: format!("{name}: {why}"),
    };
    match timeout(PATIENCE, source.get_token(&[SCOPE], None)).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(error)) if prints(name) && is_unreadable(&error) => {
            let why =
                format!("what `{name}` printed is no token; run it by hand to see what it says");
            Err(failed(false, &why))
        }
        Ok(Err(error)) => {
            let why = credentials::without_secrets(&told(&error));
            Err(failed(passes(&error), &why))
        }
        Err(_) => Err(failed(true, "no answer in time")),
    }
}

/// Whether a source is a tool on this machine: nothing stands in between that could spoil what it says.
fn prints(name: &str) -> bool {
    matches!(name, "az" | "azd")
}

fn is_unreadable(error: &azure_core_1::Error) -> bool {
    let mut causes = causes(error).filter_map(|cause| cause.downcast_ref::<azure_core_1::Error>());
    causes.any(|error| matches!(error.kind(), ErrorKind::DataConversion))
}

/// Whether a source may give a token later: its login did not answer, was busy, or what came was a
/// page of something in between. What a login has refused it refuses again.
fn passes(error: &azure_core_1::Error) -> bool {
    let mut causes = causes(error).filter_map(|cause| cause.downcast_ref::<azure_core_1::Error>());
    causes.any(|error| match error.kind() {
        ErrorKind::HttpResponse { status, .. } => {
            matches!(u16::from(*status), 408 | 429 | 500..=599)
        }
        ErrorKind::Connection | ErrorKind::Io | ErrorKind::DataConversion => true,
        _ => false,
    })
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

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    /// A login that answers with these, one after the other, and then with a token.
    #[derive(Debug)]
    struct Login(std::sync::Mutex<Vec<azure_core_1::Error>>);

    #[async_trait]
    impl Source for Login {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<azure_core_1::credentials::TokenRequestOptions<'_>>,
        ) -> azure_core_1::Result<Token> {
            match self.0.lock().unwrap().pop() {
                // As the identity library wraps what a login says.
                Some(error) => Err(azure_core_1::Error::with_error(
                    ErrorKind::Credential,
                    error,
                    "ClientSecretCredential authentication failed. It says no",
                )),
                None => Ok(Token::new(
                    "new",
                    OffsetDateTime::now_utc() + Span::hours(1),
                )),
            }
        }
    }

    fn status(status: u16) -> azure_core_1::Error {
        let kind = ErrorKind::HttpResponse {
            status: status.into(),
            error_code: None,
            raw_response: None,
        };
        azure_core_1::Error::with_message(kind, "the login's own words")
    }

    /// Tokens of a login that gave one an hour ago, which is good for so much longer.
    fn given(left: Span, answers: Vec<azure_core_1::Error>) -> Tokens {
        let now = OffsetDateTime::now_utc();
        Tokens::Somebody(Mutex::new(Some(Chosen {
            name: "client secret",
            source: Arc::new(Login(std::sync::Mutex::new(answers))),
            token: Token::new("old", now + left),
            since: now - Span::hours(1),
            rests: now - Span::hours(1),
        })))
    }

    fn expired(answers: Vec<azure_core_1::Error>) -> Tokens {
        given(Span::ZERO, answers)
    }

    #[tokio::test]
    async fn a_token_that_is_still_good_outlasts_a_login_that_fails() {
        let tokens = given(Span::seconds(120), vec![status(401)]);
        // Asked once, and not with every request.
        for _ in 0..2 {
            let token = tokens.get().await.unwrap().unwrap();
            assert_eq!(token.token.secret(), "old");
        }
        let tokens = given(Span::seconds(120), Vec::new());
        let token = tokens.get().await.unwrap().unwrap();
        assert_eq!(token.token.secret(), "new");
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_not_asked_for_again_where_another_is_there() {
        let tokens = given(Span::hours(1), Vec::new());
        let gone = Token::new("gone", OffsetDateTime::now_utc() + Span::hours(1));
        let other = tokens.instead_of(&gone).await.unwrap().unwrap();
        assert_eq!(other.token.secret(), "old");
    }

    #[tokio::test]
    async fn a_login_that_is_down_is_asked_again_and_no_other_is_tried() {
        let down = azure_core_1::Error::with_message(ErrorKind::Connection, "refused");
        let tokens = expired(vec![status(429), status(503), down]);
        for _ in 0..3 {
            let failure = tokens.get().await.unwrap_err();
            let passes = matches!(failure, Failure::NoToken { passes: true, .. });
            assert!(passes, "{failure:?}");
        }
        let token = tokens.get().await.unwrap().unwrap();
        assert_eq!(token.token.secret(), "new");
    }

    #[tokio::test]
    async fn a_source_that_the_environment_names_is_said_to_be_the_only_one_tried() {
        let candidate = |named| {
            let open = async { Err("there is no such file".to_owned()) };
            Candidate {
                name: "workload identity",
                named,
                open: Box::pin(open),
            }
        };
        let told = async |named| choose_of(vec![candidate(named)]).await.unwrap_err();
        let why = "workload identity: there is no such file";
        assert_eq!(told(false).await.to_string(), why);
        let only = format!("{why}; the environment names it, so nothing else was tried");
        assert_eq!(told(true).await.to_string(), only);
    }

    #[tokio::test]
    async fn what_a_login_has_refused_is_final() {
        for refusal in [400, 401, 403] {
            let failure = expired(vec![status(refusal)]).get().await.unwrap_err();
            let last = matches!(failure, Failure::NoToken { passes: false, .. });
            assert!(last, "{failure:?}");
        }
    }

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
