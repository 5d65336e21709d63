//! Plain http to this machine goes over no proxy.
//!
//! Some vendors' clients take their proxies from the environment and cannot be told not to; a proxy
//! would see passwords in plain text, and could not reach this machine besides.

use crate::shared::guard::{host_of, is_loopback, plain};

/// What names a proxy for plain http, in the order in which HTTP clients look.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// A request to this machine that would have gone over a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{variable} leads requests for {host} on this machine over a proxy, which would see \
     passwords in plain text"
)]
pub(crate) struct OverProxy {
    variable: &'static str,
    host: String,
}

impl OverProxy {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        format!("add {} to NO_PROXY", self.host)
    }
}

/// Refuses plain http to this machine where a proxy would carry it: for the vendors' clients that
/// take their proxies from the environment and cannot be told not to.
pub(crate) fn stays_here(
    uri: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), OverProxy> {
    let host = plain(uri).map(host_of).filter(|host| is_loopback(host));
    let Some(host) = host.filter(|host| !is_exempt(host, &variable)) else {
        return Ok(());
    };
    let set = |name: &&str| variable(name).is_some_and(|proxy| !proxy.trim().is_empty());
    match PROXIES.into_iter().find(set) {
        Some(variable) => Err(OverProxy {
            variable,
            host: host.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Whether `NO_PROXY` names this host of this machine, or all.
fn is_exempt(host: &str, variable: impl Fn(&str) -> Option<String>) -> bool {
    let names = ["no_proxy", "NO_PROXY"];
    let list = names.iter().find_map(|name| variable(name));
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .any(|one| {
            one == "*"
                || one.eq_ignore_ascii_case(host)
                || (one == "127.0.0.0/8" && host.starts_with("127."))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_this_machine_goes_over_no_proxy() {
        let check = |uri: &str, set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name);
            stays_here(uri, |name| find(name).map(|(_, text)| (*text).to_owned()))
        };
        let proxy = ("HTTP_PROXY", "http://proxy.test:3128");
        let here = "http://127.0.0.1:8080/";
        assert!(check(here, &[proxy]).is_err());
        assert!(check("http://localhost/", &[("all_proxy", "socks5://proxy.test")]).is_err());
        assert!(check(here, &[]).is_ok());
        assert!(check(here, &[("HTTP_PROXY", "")]).is_ok());
        assert!(check(here, &[("HTTPS_PROXY", "http://proxy.test")]).is_ok());
        assert!(check("https://127.0.0.1/", &[proxy]).is_ok());
        for exempt in ["*", "127.0.0.1", "a.test, 127.0.0.1", "127.0.0.0/8"] {
            assert!(
                check(here, &[proxy, ("NO_PROXY", exempt)]).is_ok(),
                "{exempt}"
            );
        }
        assert!(check(here, &[proxy, ("no_proxy", "localhost")]).is_err());
    }
}
