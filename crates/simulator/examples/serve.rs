//! Serves a simulator until it is interrupted: `cargo run -p pgfleet-simulator --example serve`.
//!
//! Arguments: the port (default: any), the clock (`at-once`, `manual`, or a factor; default 100),
//! a file for the state (`-`: none), and a file for the certificate of an authority: then it serves
//! over TLS, and clients find that file by `SSL_CERT_FILE`.

use pgfleet_simulator::{Clock, Simulator};
use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let clock = match arguments.next().as_deref() {
        None => Clock::default(),
        Some("at-once") => Clock::AtOnce,
        Some("manual") => Clock::Manual,
        Some(factor) => Clock::Scaled(factor.parse()?),
    };
    let mut builder = Simulator::builder()
        .port(port)
        .clock(clock)
        .with_control_endpoint(true);
    if let Some(path) = arguments.next().filter(|path| path != "-") {
        builder = builder.state_file(path);
    }
    let authority = arguments.next();
    builder = builder.tls(authority.is_some());
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let simulator = builder.start().await?;
            if let (Some(path), Some(pem)) = (authority, simulator.authority_pem()) {
                std::fs::write(path, pem)?;
            }
            writeln!(
                std::io::stdout(),
                "AWS_ENDPOINT_URL={endpoint}\nCloud SQL: {endpoint}\n\
                 AZURE_RESOURCE_MANAGER_ENDPOINT={endpoint}",
                endpoint = simulator.endpoint()
            )?;
            tokio::signal::ctrl_c().await?;
            simulator.shutdown().await;
            Ok(())
        })
}
