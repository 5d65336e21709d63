//! What the clouds have in common: the words in which server, faults, log and state's file speak of
//! any of them.
//!
//! A cloud is a folder with a type that implements [`Cloud`], a field of [`Clouds`], and a name in
//! [`CloudName`]. All of them are served on one port, told apart by the path.

use crate::aws::Aws;
use crate::azure::Azure;
use crate::clock::{Clock, Millis};
use crate::gcp::Gcp;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The name of a simulated cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CloudName {
    /// Amazon RDS.
    Aws,
    /// Azure Database for PostgreSQL.
    Azure,
    /// Google Cloud SQL.
    Gcp,
}

impl CloudName {
    /// As it is written in paths and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct Rate {
    /// Requests per real second.
    pub per_second: f64,
    /// How many may come at once.
    pub burst: f64,
}

/// A request as it came in.
pub(crate) struct Request {
    /// The request's own id, in the form of a UUID; clouds that answer with one use it.
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
    pub(crate) body: Bytes,
}

/// Without headers and body, since secrets are among them.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            method,
            uri,
            headers: _,
            secure: _,
            body: _,
        } = self;
        formatter
            .debug_struct("Request")
            .field("id", id)
            .field("method", method)
            .field("path", &uri.path())
            .finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// A header's value, where it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What faults, rate limits and the log look at: a request as far as it can be read without looking
/// at what exists.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The vendor's word for it, such as `CreateDBInstance`; `?` where there is none.
    pub(crate) action: String,
    /// The last part of the name of what it is about.
    pub(crate) identifier: Option<String>,
    /// Within what names and rate limits hold: a region of AWS, a project of Google.
    pub(crate) place: String,
    /// What the caller has shown to be let in, as far as it may be told; empty where nothing.
    pub(crate) credential: Credential,
}

/// An access key or a bearer's token. A token is a secret, so this does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential(pub(crate) String);

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential(..)")
    }
}

/// An answer, and what is to be known about it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Further headers, their names in lower case. A value that no header can have is left out.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// The error's code, where it is one.
    pub(crate) error: Option<String>,
    /// Whether the request has changed what exists.
    pub(crate) effect: bool,
}

/// Why a request is refused without a look at what exists; each cloud says it in its own form.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// More requests than the rate allows.
    Throttled,
    /// The credential's time is over.
    Expired,
    /// The body is larger than any request of this cloud.
    TooLarge,
    /// What a fault says.
    Scripted {
        status: u16,
        code: String,
        message: String,
    },
    /// The change has been made, but the state's file could not be written, for this reason.
    NotKept(String),
}

/// How the work that a request begins ends otherwise than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In this status, instead of the usual one.
    In(String),
    /// By way of this status, for some simulated seconds.
    Through(String, u64),
}

/// A point in simulated time, and how time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Millis,
    pub(crate) clock: Clock,
}

/// A simulated cloud: what exists in it, and how it behaves.
pub(crate) trait Cloud: fmt::Debug + Send {
    /// How long every request takes, in real time.
    fn latency(&self) -> Duration;

    /// How many requests each place answers.
    fn rate(&self) -> Option<Rate>;

    /// Reads a request as far as that goes without looking at what exists, or refuses it.
    fn read(&self, request: &Request) -> Result<Asked, Answer>;

    /// Whether a request needs a credential whose time is not over; one for a new one does not.
    fn checks_credential(&self, asked: &Asked) -> bool {
        let _ = asked;
        true
    }

    /// Lets everything happen that is due.
    fn catch_up(&mut self, moment: Moment);

    /// Answers a request that [`Cloud::read`] could read.
    fn answer(&mut self, request: &Request, ending: Option<&Ending>, moment: Moment) -> Answer;

    /// Writes a refusal as the vendor does.
    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer;

    /// What stands in place of an answer that no client of this cloud can read.
    fn malformed(&self) -> &'static str;

    /// Everything that exists, for the state's file.
    fn save(&self) -> Result<Value, serde_json::Error>;

    /// Takes over what [`Cloud::save`] has written, or tells what is wrong with it.
    fn load(&mut self, saved: Value) -> Result<(), String>;

    /// How it behaves, as JSON.
    fn options(&self) -> Result<Value, serde_json::Error>;

    /// Changes how it behaves; what is not given becomes the default.
    fn set_options(&mut self, options: Value, clock: Clock) -> Result<(), String>;

    /// Sets the status of what is named so, as something outside of all requests would.
    fn set_status(&mut self, place: &str, identifier: &str, status: &str) -> Result<(), String>;

    /// Does what only this cloud can be told to, below `/_simulator/NAME/`; none where it knows no
    /// such thing.
    fn control(
        &mut self,
        what: &str,
        body: &Value,
        moment: Moment,
    ) -> Option<Result<Value, String>> {
        let _ = (what, body, moment);
        None
    }
}

/// All simulated clouds.
#[derive(Debug)]
pub(crate) struct Clouds {
    pub(crate) aws: Aws,
    pub(crate) azure: Azure,
    pub(crate) gcp: Gcp,
}

impl Clouds {
    /// The cloud that a path belongs to. AWS has `/`, and whatever belongs to nobody.
    pub(crate) fn of_path(path: &str) -> CloudName {
        if Azure::owns(path) {
            return CloudName::Azure;
        }
        let owner = PATHS.iter().find(|(start, _)| path.starts_with(start));
        owner.map_or(CloudName::Aws, |(_, name)| *name)
    }

    pub(crate) fn get(&self, name: CloudName) -> &dyn Cloud {
        match name {
            CloudName::Aws => &self.aws,
            CloudName::Azure => &self.azure,
            CloudName::Gcp => &self.gcp,
        }
    }

    pub(crate) fn get_mut(&mut self, name: CloudName) -> &mut dyn Cloud {
        match name {
            CloudName::Aws => &mut self.aws,
            CloudName::Azure => &mut self.azure,
            CloudName::Gcp => &mut self.gcp,
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (CloudName, &dyn Cloud)> {
        NAMES.into_iter().map(|name| (name, self.get(name)))
    }

    pub(crate) fn catch_up(&mut self, moment: Moment) {
        for name in NAMES {
            self.get_mut(name).catch_up(moment);
        }
    }

    /// Everything that exists, by cloud.
    pub(crate) fn save(&self) -> Result<serde_json::Map<String, Value>, serde_json::Error> {
        self.all()
            .map(|(name, cloud)| Ok((name.as_str().to_owned(), cloud.save()?)))
            .collect()
    }

    /// Takes over what a file holds. A cloud that the file does not speak of stays empty.
    pub(crate) fn load(&mut self, saved: serde_json::Map<String, Value>) -> Result<(), String> {
        for (key, value) in saved {
            let name = NAMES
                .into_iter()
                .find(|name| name.as_str() == key)
                .ok_or_else(|| format!("there is no simulated cloud {key:?}"))?;
            self.get_mut(name).load(value)?;
        }
        Ok(())
    }
}

/// How the paths of each cloud begin.
const PATHS: [(&str, CloudName); 2] = [("/v1/", CloudName::Gcp), ("/sql/", CloudName::Gcp)];

/// All names, in the order of files.
pub(crate) const NAMES: [CloudName; 3] = [CloudName::Aws, CloudName::Azure, CloudName::Gcp];
