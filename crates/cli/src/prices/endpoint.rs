//! Where a price list is asked. Plain http is taken for this machine only.

use std::net::IpAddr;

use reqwest::Url;

/// The origin of a price list.
#[derive(Debug, Clone)]
pub(super) struct Endpoint(Url);

impl Endpoint {
    /// The endpoint that a variable names, else the vendor's. The error is a sentence.
    pub(super) fn of(variable: &str, default: &str) -> Result<Self, String> {
        let named = std::env::var(variable)
            .ok()
            .filter(|value| !value.is_empty());
        let text = named.as_deref().unwrap_or(default);
        let insecure = std::env::var("PGFLEET_INSECURE_ENDPOINT_HOSTS").unwrap_or_default();
        Self::parse(text, &insecure).map_err(|problem| format!("{variable}: {problem}"))
    }

    fn parse(text: &str, insecure: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an endpoint holds no user and no password".to_owned());
        }
        let host = url.host_str().ok_or("the address names no host")?;
        // An address that is parsed has its host in small letters.
        let named = |name: &str| name.trim().eq_ignore_ascii_case(host);
        let allowed = insecure.split(',').any(named);
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(host) || allowed => Ok(Self(url)),
            "http" => Err(format!(
                "plain http to {host} is refused; use https, or name the host in \
                 PGFLEET_INSECURE_ENDPOINT_HOSTS"
            )),
            other => Err(format!("`{other}` is neither https nor http")),
        }
    }

    /// Whether it is on this machine, where no proxy is asked.
    pub(super) fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }

    /// Whether what is sent there can be read on the way. No credential goes there.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The address of a path with its query here. A link in an answer never leads elsewhere.
    pub(super) fn at(&self, path: &str) -> Result<Url, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("no address in the answer: {error}");
        let linked = self.0.join(path).map_err(|error| wrong(&error))?;
        let mut url = self.0.clone();
        url.set_path(linked.path());
        url.set_query(linked.query());
        Ok(url)
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://prices.azure.com",
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:1",
            "http://prices.test",
        ] {
            assert!(Endpoint::parse(good, "x, Prices.TEST").is_ok(), "{good}");
        }
        for bad in [
            "http://prices.azure.com",
            "http://127.0.0.1.example.org",
            "ftp://127.0.0.1",
            "https://user:word@prices.azure.com",
            "prices",
        ] {
            assert!(Endpoint::parse(bad, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_link_never_leads_to_another_host() {
        let endpoint = Endpoint::parse("http://127.0.0.1:8080", "").unwrap();
        let link = "https://prices.azure.com:443/api/retail/prices?$skip=1000";
        let url = endpoint.at(link).unwrap();
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:8080/api/retail/prices?$skip=1000"
        );
        let url = endpoint.at("/offers/v1.0/x/index.json").unwrap();
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:8080/offers/v1.0/x/index.json"
        );
    }
}
