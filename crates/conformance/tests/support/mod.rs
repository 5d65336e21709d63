//! What is asked of each simulated cloud in the same way and is no case of the suite.

use pgfleet_conformance::{drive, suite::Subject};
use pgfleet_simulator::{Fault, FaultEffect};

/// A password that every cloud takes, to be looked for where it must not be.
const PLANTED: &str = "Planted-Passw0rd-4711";

/// Whatever the endpoint answers, an error that shows a password is one that leaks it. `create` and
/// `change` are the calls that send one; `arm` lets a fault strike.
pub(crate) async fn a_password_that_is_repeated_is_told_to_nobody(
    place: &dyn Subject,
    [create, change]: [&str; 2],
    arm: impl Fn(Fault),
) {
    let words = place.words();
    let (provider, region) = (words.provider, words.region.unwrap());
    let [size, _] = words.sizes;
    for (call, version) in [(create, 1), (change, 2)] {
        let text = format!(
            "fleet = 'truck'\nprovider = '{provider}'\nregion = '{region}'\n[primary]\n\
             size = '{size}'\npassword = {{ command = ['echo', '{PLANTED}'] }}\n\
             password_version = {version}\n[protect]\ndeletion = false\n"
        );
        let refused = FaultEffect::Error {
            status: 400,
            code: "InvalidParameterValue".to_owned(),
            message: format!("the password {PLANTED} is too well known"),
        };
        arm(Fault::new(refused).on(call));
        let provider = place.provider();
        let error = drive::failure(provider.as_ref(), &text).await.unwrap();
        let told = format!("{error:?}");
        assert!(told.contains("is too well known"), "{told}");
        assert!(!told.contains(PLANTED), "{told}");
        // The next change has a primary to change.
        assert!(drive::failure(provider.as_ref(), &text).await.is_err());
    }
}
