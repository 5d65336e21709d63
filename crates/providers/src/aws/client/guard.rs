//! The guard against plain text, where the SDK lets a request be looked at before it is sent.

use aws_sdk_rds::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};

use crate::shared::{guard::TlsOnly, proxies::stays_here};

impl Intercept for TlsOnly {
    fn name(&self) -> &'static str {
        "TlsOnly"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        self.check(uri)?;
        Ok(stays_here(uri, |name| std::env::var(name).ok())?)
    }
}
