//! What is sent to AWS, for the log: one line for each request, never its body.

use std::time::Instant;

use aws_sdk_rds::config::{
    ConfigBag, Intercept, RuntimeComponents,
    interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
};
use aws_sdk_rds::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use pgfleet_model::Region;

use crate::shared::http;

/// Logs every request with its operation, region, request identifier, status and time.
#[derive(Debug)]
pub(in crate::aws) struct Wire {
    region: Region,
}

impl Wire {
    pub(in crate::aws) fn of(region: &Region) -> Self {
        Self {
            region: region.clone(),
        }
    }
}

/// When a request was sent.
#[derive(Debug)]
struct Sent(Instant);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Sent(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        http::log(&http::Sent {
            operation: bag.load::<Metadata>().map(Metadata::name),
            region: Some(&self.region),
            status: response.map(|response| response.status().as_u16()),
            request_id: response.and_then(|answer| answer.headers().get("x-amzn-requestid")),
            since: bag.load::<Sent>().map(|sent| sent.0),
        });
        Ok(())
    }
}
