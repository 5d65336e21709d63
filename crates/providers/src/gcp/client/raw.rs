//! Requests without Google's client: it cannot send that a label is to go, and does not read an answer
//! in which a label has no value. As elsewhere in JSON of Google's, null is what is not there.

use google_cloud_auth::credentials::{CacheableResource, Credentials};
use google_cloud_gax::error::{Error, rpc::Status};
use pgfleet_provider::ProviderError;
use reqwest::{Client, RequestBuilder, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{
    gcp::client::cannot_start,
    shared::http::{AGENT, ANSWER, CONNECT, drop_nulls},
};

/// Requests of our own, with the credentials of Google's client.
pub(in crate::gcp) struct Wire {
    credentials: Credentials,
    /// Made when it is first needed, as Google's clients are.
    http: OnceCell<Client>,
}

impl Wire {
    pub(in crate::gcp) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            http: OnceCell::new(),
        }
    }

    pub(in crate::gcp) async fn http(&self) -> Result<&Client, ProviderError> {
        let client = || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .connect_timeout(CONNECT)
                .timeout(ANSWER)
                .user_agent(AGENT)
                .build()
                .map_err(|error| cannot_start(&error))
        };
        self.http.get_or_try_init(|| async { client() }).await
    }

    /// The answer to a request of [`Wire::http`].
    pub(in crate::gcp) async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, Error> {
        let headers = self.credentials.headers(http::Extensions::new()).await;
        let headers = match headers.map_err(Error::authentication)? {
            CacheableResource::New { data, .. } => data,
            CacheableResource::NotModified => http::HeaderMap::new(),
        };
        let answer = request.headers(headers).send().await.map_err(unanswered)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(Error::io)?;
        if status.is_success() {
            return read(&body).map_err(Error::deser);
        }
        Err(match Status::try_from(&body) {
            Ok(said) => {
                Error::service_with_http_metadata(said, Some(status.as_u16()), Some(headers))
            }
            Err(_) => Error::http(status.as_u16(), headers, body),
        })
    }
}

fn unanswered(error: reqwest::Error) -> Error {
    if error.is_connect() {
        Error::connect(error)
    } else {
        Error::io(error)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut answer: Value = serde_json::from_slice(body)?;
    drop_nulls(&mut answer);
    serde_json::from_value(answer)
}

#[cfg(test)]
mod tests {
    use google_cloud_sql_v1::model::InstancesListResponse;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_label_without_a_value_is_not_there() {
        let labels = json!({"gone": null, "team": "food"});
        let instance = json!({"name": "a", "etag": null, "settings": {"userLabels": labels}});
        let listed = json!({"items": [instance]}).to_string();
        let listed: InstancesListResponse = read(listed.as_bytes()).unwrap();
        let labels = &listed.items[0].settings.as_ref().unwrap().user_labels;
        assert_eq!(labels.len(), 1);
        assert_eq!(labels["team"], "food");
    }

    #[test]
    fn words_are_read_as_names_and_as_numbers() {
        for state in [json!("RUNNABLE"), json!(1)] {
            let listed = json!({"items": [{"state": state}]}).to_string();
            let listed: InstancesListResponse = read(listed.as_bytes()).unwrap();
            assert_eq!(listed.items[0].state.name(), Some("RUNNABLE"));
        }
    }
}
