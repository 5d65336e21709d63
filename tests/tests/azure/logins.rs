//! Whose token goes along, over TLS, and where it comes from.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    process::Command,
    sync::mpsc::{Receiver, channel},
    thread,
};

use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Machine, Ran, Served};

use crate::cloud::{APPLY, SUBSCRIPTION};

/// A simulated Azure over TLS, where tokens of 20 seconds are asked for.
struct Secure {
    machine: Machine,
    simulator: Served,
}

impl Secure {
    fn new() -> Self {
        let builder = Simulator::builder().clock(Clock::AtOnce).tls(true);
        let simulator = Served::start(builder);
        simulator.control().change_azure(|options| {
            options.only_issued_tokens = true;
            options
                .clients
                .insert("pgfleet".to_owned(), "planted-secret".to_owned());
        });
        let machine = Machine::new();
        let authority = simulator.authority_pem().unwrap();
        fs::write(machine.path().join("authority.pem"), authority).unwrap();
        let text = format!(
            "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n[primary]\n\
             size = 'Standard_D2ds_v5'\npassword = {{ env = 'TRUCK_PASSWORD' }}\n\
             [[replicas]]\ncount = 1\n[azure]\nsubscription = '{SUBSCRIPTION}'\n\
             resource_group = 'food'\n"
        );
        fs::write(machine.path().join("azure.toml"), text).unwrap();
        Self { machine, simulator }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.machine.command(arguments);
        let endpoint = self.simulator.endpoint();
        command
            .env("HOME", self.machine.path())
            .env("SSL_CERT_FILE", self.machine.path().join("authority.pem"))
            .env("AZURE_RESOURCE_MANAGER_ENDPOINT", &endpoint)
            .env("AZURE_AUTHORITY_HOST", &endpoint)
            .env("AZURE_TENANT_ID", "00000000-0000-0000-0000-0000000000aa")
            .env("AZURE_CLIENT_ID", "pgfleet")
            .env("TRUCK_PASSWORD", "planted-Passw0rd");
        command
    }

    /// Runs it to its end in an environment with these variables besides.
    fn run(&self, arguments: &[&str], code: i32, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.machine.start_command(command).wait().exits(code)
    }

    /// How often a token was asked for.
    fn logins(&self) -> usize {
        let requests = self.simulator.control().requests();
        let logins = requests
            .iter()
            .filter(|record| record.action.contains("Token"));
        logins.count()
    }
}

#[test]
fn a_token_is_asked_for_once_over_tls_and_anew_when_it_expires() {
    let secure = Secure::new();
    let mut command = secure.command(&APPLY);
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    let ran = secure.machine.start_command(command).wait().exits(0);
    ran.never_says("planted");
    assert_eq!(secure.logins(), 1);
    // Tokens that live for two seconds are renewed while a run waits for its operations.
    secure
        .simulator
        .control()
        .change_azure(|options| options.token_seconds = 2);
    let mut command = secure.command(&["destroy", "azure.toml", "--auto-approve"]);
    let text = fs::read_to_string(secure.machine.path().join("azure.toml")).unwrap();
    let text = format!("{text}[protect]\ndeletion = false\n");
    fs::write(secure.machine.path().join("azure.toml"), text).unwrap();
    secure
        .simulator
        .control()
        .fault(Fault::new(FaultEffect::Slow { milliseconds: 700 }).times(20));
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    secure.machine.start_command(command).wait().exits(0);
    assert!(secure.logins() > 2, "{} logins", secure.logins());
}

#[test]
fn a_login_that_fails_says_which_and_keeps_the_secret() {
    let secure = Secure::new();
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_CLIENT_SECRET", "planted-wrong-secret");
    let ran = secure.machine.start_command(command).wait().exits(1);
    ran.never_says("planted")
        .says("client secret:")
        .says("nothing else was tried");
}

#[test]
fn a_login_that_is_down_for_a_while_is_waited_for() {
    let secure = Secure::new();
    // More than the identity library waits out by itself.
    let down = FaultEffect::Error {
        status: 503,
        code: "temporarily_unavailable".to_owned(),
        message: "not now".to_owned(),
    };
    let control = secure.simulator.control();
    control.fault(Fault::new(down).on("Token").times(5));
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    secure.machine.start_command(command).wait().exits(0);
    assert_eq!(secure.logins(), 6);
}

#[test]
fn an_assertion_in_a_file_logs_in() {
    let secure = Secure::new();
    secure
        .simulator
        .control()
        .change_azure(|options| options.clients.clear());
    let file = secure.machine.path().join("assertion");
    fs::write(&file, "header.payload.signature").unwrap();
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_FEDERATED_TOKEN_FILE", file);
    secure.machine.start_command(command).wait().exits(0);
    assert_eq!(secure.logins(), 1);
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    let secure = Secure::new();
    let refused = || FaultEffect::Error {
        status: 401,
        code: "InvalidAuthenticationToken".to_owned(),
        message: "not this one".to_owned(),
    };
    let login = [("AZURE_CLIENT_SECRET", "planted-secret")];
    let control = secure.simulator.control();
    control.fault(Fault::new(refused()).on("Servers_ListByResourceGroup"));
    secure.run(&["plan", "azure.toml"], 0, &login);
    assert_eq!(secure.logins(), 2);
    control.fault(
        Fault::new(refused())
            .on("Servers_ListByResourceGroup")
            .times(2),
    );
    secure.run(&["plan", "azure.toml"], 1, &login);
    assert_eq!(secure.logins(), 4);
}

/// A server on this machine that answers every request with the same JSON. What it is asked comes out
/// of the channel: the request's first line and its headers.
fn server(answer: &str) -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = channel();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{answer}",
        answer.len()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let lines = lines.map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let _ = tell.send(head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

/// A proxy for everything.
fn proxied(proxy: &str) -> [(&str, &str); 3] {
    [
        ("HTTP_PROXY", proxy),
        ("http_proxy", proxy),
        ("HTTPS_PROXY", proxy),
    ]
}

#[test]
fn managed_identity_gives_a_token_and_no_proxy_sees_it() {
    let secure = Secure::new();
    let control = secure.simulator.control();
    control.change_azure(|options| options.only_issued_tokens = false);
    let (identity, asked) = server(
        r#"{"access_token": "planted-token", "expires_on": "4102444800", "token_type": "Bearer",
            "resource": "https://management.azure.com"}"#,
    );
    let (proxy, seen) = server("{}");
    let endpoint = format!("{identity}/msi/token");
    let mut variables = proxied(&proxy).to_vec();
    variables.extend([
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "planted-header"),
    ]);
    let ran = secure.run(&["plan", "azure.toml"], 0, &variables);
    ran.never_says("planted");
    assert_eq!(secure.logins(), 0);
    let head = asked.try_recv().unwrap();
    let line = &head[0];
    assert!(
        line.contains("resource=https%3A%2F%2Fmanagement.azure.com"),
        "{line}"
    );
    assert!(line.contains("client_id=pgfleet"), "{line}");
    let header = |line: &String| line.eq_ignore_ascii_case("x-identity-header: planted-header");
    assert!(head.iter().any(header), "{head:?}");
    assert!(seen.try_recv().is_err(), "the proxy was asked");
}

#[test]
fn a_login_on_this_machine_is_asked_over_no_proxy() {
    let secure = Secure::new();
    let (proxy, seen) = server("{}");
    let mut variables = proxied(&proxy).to_vec();
    variables.push(("AZURE_CLIENT_SECRET", "planted-secret"));
    secure.run(&["plan", "azure.toml"], 0, &variables);
    assert_eq!(secure.logins(), 1);
    assert!(seen.try_recv().is_err(), "the proxy was asked");
}

#[test]
fn az_is_asked_for_a_token() {
    let secure = Secure::new();
    let control = secure.simulator.control();
    control.change_azure(|options| options.only_issued_tokens = false);
    let tools = secure.machine.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let az = tools.join("az");
    let script = "#!/bin/sh\necho \"$*\" >> \"$HOME/az.asked\"\n\
                  echo '{\"accessToken\": \"planted-token\", \"expires_on\": 4102444800, \
                  \"tokenType\": \"Bearer\"}'\n";
    fs::write(&az, script).unwrap();
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.display());
    let ran = secure.run(&["plan", "azure.toml"], 0, &[("PATH", &path)]);
    ran.never_says("planted");
    let asked = fs::read_to_string(secure.machine.path().join("az.asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
    assert!(
        asked.contains("https://management.azure.com/.default"),
        "{asked}"
    );
}

#[test]
fn a_login_that_repeats_the_assertion_does_not_make_it_known() {
    let secure = Secure::new();
    let repeats = FaultEffect::Error {
        status: 400,
        code: "invalid_client".to_owned(),
        message: "AADSTS70021: planted.payload.signature matches nothing".to_owned(),
    };
    let control = secure.simulator.control();
    control.fault(Fault::new(repeats).on("Token").times(5));
    let file = secure.machine.path().join("assertion");
    fs::write(&file, "planted.payload.signature\n").unwrap();
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_FEDERATED_TOKEN_FILE", file);
    let ran = secure.machine.start_command(command).wait().exits(1);
    ran.says("AADSTS70021").never_says("planted");
}

#[test]
fn an_az_that_prints_something_else_is_no_login_that_is_down() {
    let secure = Secure::new();
    let tools = secure.machine.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let az = tools.join("az");
    fs::write(&az, "#!/bin/sh\necho 'a new version is there: planted'\n").unwrap();
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.display());
    let ran = secure.run(&["plan", "azure.toml"], 1, &[("PATH", &path)]);
    ran.says("is no token")
        .never_says("does not answer")
        .never_says("planted");
}
