//! GET: servers, by page; replicas; and whether a name is free.

use super::call::{Call, SERVERS};
use super::fields::AVAILABLE_NAME;
use super::names;
use super::refusal::{Answer, Outcome, Refusal};
use super::state::Server;
use super::uri;
use crate::marker;
use serde_json::{Value, json};

impl Call<'_> {
    pub(super) fn get(&self) -> Outcome<Answer> {
        let server = self.found()?;
        Ok(Answer::read(self.render(server)))
    }

    /// The servers of the subscription, or of a group, a page at a time.
    pub(super) fn servers(&mut self) -> Outcome<Answer> {
        let group = &self.asked.group;
        let first = uri::value(&self.asked.query, "$skiptoken").is_none();
        let stale = self.world.stale(self.options.stale_listings, first);
        let servers = stale.as_ref().unwrap_or(&self.world.servers);
        let fitting = servers.iter().filter(|(_, server)| {
            server
                .subscription
                .eq_ignore_ascii_case(&self.asked.subscription)
                && (group.is_empty() || server.group.eq_ignore_ascii_case(group))
        });
        let after = match uri::value(&self.asked.query, "$skiptoken") {
            Some(token) => Some(marker::decode(token).ok_or_else(|| {
                Refusal::new(
                    400,
                    "InvalidSkipToken",
                    "The provided skip token is invalid.",
                )
            })?),
            None => None,
        };
        let mut rest = fitting
            .skip_while(|(key, _)| after.as_ref().is_some_and(|after| *key <= after))
            .peekable();
        let mut page = Vec::new();
        let mut last = None;
        while page.len() < self.options.page_size.max(1)
            && let Some((key, server)) = rest.next()
        {
            page.push(self.render(server));
            last = Some(key.clone());
        }
        let mut body = json!({"value": page});
        if rest.peek().is_some()
            && let Some(last) = last
        {
            body["nextLink"] = json!(format!(
                "{}{}?api-version={}&%24skiptoken={}",
                self.asked.base,
                self.asked.path,
                self.version_word,
                marker::encode(&last)
            ));
        }
        Ok(Answer::read(body))
    }

    pub(super) fn replicas(&self) -> Outcome<Answer> {
        let key = self.found()?.key();
        let replicas: Vec<Value> = self
            .world
            .replicas_of(&key)
            .map(|server: &Server| self.render(server))
            .collect();
        Ok(Answer::read(json!({"value": replicas})))
    }

    pub(super) fn check_name(&self) -> Outcome<Answer> {
        let body = self.body(&AVAILABLE_NAME)?;
        let name = body
            .text("/name")
            .ok_or_else(|| Refusal::parameter("name"))?;
        let kind = body.text("/type").unwrap_or_default();
        if !kind.eq_ignore_ascii_case(SERVERS) {
            return Err(Refusal::parameter("type"));
        }
        let mut answer = json!({"name": name, "type": kind});
        let refused = if names::server(name).is_err() {
            Some(("Invalid", "Specified server name is invalid."))
        } else if self.world.named(name).is_some() {
            Some(("AlreadyExists", "Specified server name is already used."))
        } else {
            None
        };
        answer["nameAvailable"] = json!(refused.is_none());
        if let Some((reason, _)) = refused {
            answer["reason"] = json!(reason);
        }
        answer["message"] = json!(refused.map_or("", |(_, message)| message));
        Ok(Answer::read(answer))
    }
}
