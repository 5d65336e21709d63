//! Starting, controlling and stopping a simulator.

use crate::aws::{Aws, AwsOptions};
use crate::azure::{Azure, AzureOptions};
use crate::clock::{Anchor, Clock, Time};
use crate::cloud::Clouds;
use crate::control;
use crate::faults::Fault;
use crate::gcp::{Gcp, GcpOptions};
use crate::log::Record;
use crate::server;
use crate::shared::{Hook, Shared};
use crate::store::{self, StartError, Store};
use crate::tls::Tls;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is to be simulated, before it starts.
#[derive(Default)]
#[must_use]
pub struct Builder {
    aws: AwsOptions,
    azure: AzureOptions,
    gcp: GcpOptions,
    clock: Clock,
    port: u16,
    tls: bool,
    state_file: Option<PathBuf>,
    with_control: bool,
    hook: Option<Hook>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("aws", &self.aws)
            .field("azure", &self.azure)
            .field("gcp", &self.gcp)
            .field("clock", &self.clock)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// How the simulated AWS behaves.
    pub fn aws(mut self, options: AwsOptions) -> Self {
        self.aws = options;
        self
    }

    /// How the simulated Azure behaves.
    pub fn azure(mut self, options: AzureOptions) -> Self {
        self.azure = options;
        self
    }

    /// How the simulated Cloud SQL behaves.
    pub fn gcp(mut self, options: GcpOptions) -> Self {
        self.gcp = options;
        self
    }

    /// How simulated time passes.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The port on 127.0.0.1; 0, the default, takes any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves over TLS, with a certificate for `localhost` and 127.0.0.1 of an authority that is
    /// made at start; see [`Simulator::authority_pem`]. Off by default.
    pub fn tls(mut self, yes: bool) -> Self {
        self.tls = yes;
        self
    }

    /// Keeps the state in a file, and goes on from what it holds.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Serves the control endpoint, `/_simulator/...`. Off by default.
    pub fn with_control_endpoint(mut self, yes: bool) -> Self {
        self.with_control = yes;
        self
    }

    /// Called after each request that took effect (and is kept in the file), before its answer is
    /// sent; with the number of such requests so far. It blocks the answer while it runs.
    pub fn after_effect(mut self, hook: impl Fn(u64, &Record) + Send + Sync + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Listens and serves, in tasks of the runtime that this is called in.
    ///
    /// # Errors
    ///
    /// When the port is taken, the state's file is in use, unreadable or damaged, or no certificate
    /// could be made.
    pub async fn start(self) -> Result<Simulator, StartError> {
        let Self {
            aws,
            azure,
            gcp,
            clock,
            port,
            tls,
            state_file,
            with_control,
            hook,
        } = self;
        let mut clouds = Clouds {
            aws: Aws::new(aws, clock),
            azure: Azure::new(azure, clock),
            gcp: Gcp::new(gcp, clock),
        };
        let mut anchor = Anchor::today();
        let mut store = None;
        if let Some(path) = state_file {
            let (opened, saved) = Store::open(&path)?;
            store = Some(opened);
            if let Some(saved) = saved {
                anchor = saved.clock;
                let loaded = clouds.load(saved.clouds);
                loaded.map_err(|reason| store::damaged(&path, reason))?;
            }
        }
        let tls = if tls { Some(Tls::new()?) } else { None };
        let listen = |error| StartError::Listen { port, error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let time = Time::resume(clock, anchor);
        let shared = Arc::new(Shared::new(clouds, time, with_control, hook, store));
        let (stop, stopped) = watch::channel(false);
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let serving = server::serve(listener, Arc::clone(&shared), acceptor, stopped);
        let task = tokio::spawn(serving);
        Ok(Simulator {
            address,
            authority_pem: tls.map(Tls::into_pem),
            control: Control { shared },
            stop,
            task,
        })
    }
}

/// A running simulator. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    authority_pem: Option<String>,
    control: Control,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Simulator {
    /// A simulator with defaults, to be changed and started.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL for clients, such as `http://127.0.0.1:41234`.
    pub fn endpoint(&self) -> String {
        let scheme = if self.authority_pem.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate of the authority that clients must trust, as PEM; for `SSL_CERT_FILE`. None
    /// where the simulator serves plain http.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hand on the switches; clones control the same simulator.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Stops listening, cuts off what is open, and releases the state's file.
    pub async fn shutdown(self) {
        let Self {
            address: _,
            authority_pem: _,
            control,
            stop,
            task,
        } = self;
        let _ = stop.send(true);
        let _ = task.await;
        control.shared.state().store = None;
    }
}

/// Controls a running simulator.
#[derive(Clone, Debug)]
pub struct Control {
    pub(crate) shared: Arc<Shared>,
}

impl Control {
    /// Moves simulated time forward, and lets happen what is due by then.
    ///
    /// # Errors
    ///
    /// When the state's file cannot be written; the clock has moved all the same.
    pub fn advance(&self, by: Duration) -> Result<(), String> {
        control::advance(&self.shared, by).map(drop)
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.state().faults.arm(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// From now on these access keys or tokens have expired; `*` means all, none ends it.
    pub fn expire_credentials(&self, credentials: impl IntoIterator<Item = impl Into<String>>) {
        self.shared.state().expired = credentials.into_iter().map(Into::into).collect();
    }

    /// The last 10,000 requests, oldest first.
    pub fn requests(&self) -> Vec<Record> {
        self.shared.state().log.records()
    }

    /// How many requests there have been.
    pub fn request_count(&self) -> u64 {
        self.shared.state().log.count()
    }

    /// Everything that exists, by cloud, as it is kept in the state's file.
    pub fn state(&self) -> serde_json::Value {
        let state = control::state(&self.shared);
        state.unwrap_or_else(|error| serde_json::json!({"error": error}))
    }
}
