//! What has been asked, for tests to read.

use crate::cloud::CloudName;
use serde::Serialize;
use std::collections::VecDeque;

/// A request that has been answered, or that a fault kept from being answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// Counts all requests from 1.
    pub number: u64,
    /// Real time, in milliseconds since 1970.
    pub at_milliseconds: u64,
    /// The cloud.
    pub cloud: CloudName,
    /// The action; `?` where the request could not be read.
    pub action: String,
    /// The identifier that the request named.
    pub identifier: Option<String>,
    /// The region of AWS, the project of Google; `?` where the request could not be read.
    pub region: String,
    /// `ok`, the code of an error, or what a fault did.
    pub outcome: String,
    /// The HTTP status of the answer; none where no answer was sent.
    pub status: Option<u16>,
    /// Whether it changed what exists.
    pub effect: bool,
}

/// The last requests, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Log {
    records: VecDeque<Record>,
    count: u64,
}

const KEPT: usize = 10_000;

impl Log {
    /// Adds a record and gives it its number.
    pub(crate) fn add(&mut self, mut record: Record) -> Record {
        self.count += 1;
        record.number = self.count;
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record.clone());
        record
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.records.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
