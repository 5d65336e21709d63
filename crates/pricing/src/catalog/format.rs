//! The file that a catalog is kept in: the embedded one, and the one that `prices refresh` writes.
//!
//! ```text
//! pgfleet-prices 1 USD                    the first line: version and currency
//! origin 0 observed 2026-09-05 SOURCE     how, since when (or `-`) and from where
//! provider aws                            what follows is this provider's
//! class db.t3.medium 2 4 burstable        vCPUs, GiB; also: arm64, previous, unpicked, meter=NAME
//! commit 1 0.25 0                         a commitment of 1 year: share that is saved, origin
//! region us-east-1                        what follows is this region's
//! db.t3.medium z 0.072 0                  meter, zonal (z) or regional (r), price, origin
//! terms db.t3.medium 0 0,0.05 - 9,0 - -   reserved: upfront,hourly for each of Term::COLUMNS
//! ```
//!
//! Hours are billed by the hour, GiB and operations by the month. Everything unexpected is refused
//! with its line: half a catalog is a wrong one.

use std::{collections::HashSet, sync::Arc};

use pgfleet_model::Availability;
use rust_decimal::Decimal;

use super::{
    Arch, Class, Origin, Quality, Term, TermPrice,
    store::{Catalog, Commit, Entry, PROVIDERS, Platform, RegionPrices, Terms, index},
};
use crate::Usd;

/// The first line of a catalog that this program reads.
pub(super) const HEAD: &str = "pgfleet-prices 1 USD";

/// The largest file that is looked at. The full lists of all regions stay far below.
const MAX_BYTES: usize = 16 << 20;
/// The longest name of a class, a meter or a region.
const MAX_NAME: usize = 64;

/// Why a file is no catalog, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CatalogError {
    /// The line, from 1.
    pub line: usize,
    /// What is the matter.
    pub message: String,
}

/// Reads a catalog.
pub(super) fn parse(text: &str) -> Result<Catalog, CatalogError> {
    let at = |line: usize| move |message| CatalogError { line, message };
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {MAX_BYTES} bytes");
        return Err(at(1)(message));
    }
    let mut lines = text.lines().zip(1..);
    let (head, _) = lines.next().unwrap_or_default();
    check_head(head).map_err(at(1))?;
    let mut reader = Reader::default();
    for (line, number) in lines {
        reader.line(line).map_err(at(number))?;
    }
    Ok(reader.catalog)
}

fn check_head(head: &str) -> Result<(), String> {
    let words: Vec<&str> = head.split(' ').take(4).collect();
    match words[..] {
        _ if head == HEAD => Ok(()),
        ["pgfleet-prices", "1", currency] => Err(format!(
            "the prices are in {}; pgfleet reckons in USD",
            clip(currency)
        )),
        ["pgfleet-prices", version, ..] => Err(format!(
            "catalogs of version {} are not known",
            clip(version)
        )),
        _ => Err(format!("a catalog begins with `{HEAD}`")),
    }
}

/// What has been read, and where the next line belongs.
#[derive(Default)]
struct Reader {
    catalog: Catalog,
    provider: Option<usize>,
    region: Option<Arc<str>>,
    classes: HashSet<Arc<str>>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "origin" => self.origin(rest),
            "provider" => self.provider(rest),
            "region" => self.region(rest),
            "class" => self.class(rest),
            "commit" => self.commit(rest),
            "terms" => self.terms(rest),
            _ => self.price(word, rest),
        }
    }

    fn origin(&mut self, rest: &str) -> Result<(), String> {
        let mut words = rest.splitn(4, ' ');
        let mut next = || words.next().filter(|word| !word.is_empty());
        let (Some(number), Some(quality), Some(date), Some(source)) =
            (next(), next(), next(), next())
        else {
            return Err("an origin has a number, a quality, a date and a source".to_owned());
        };
        if number.parse() != Ok(self.catalog.origins.len()) {
            return Err(format!("origin {} is out of turn", clip(number)));
        }
        if source.len() > 300 || source.chars().any(char::is_control) {
            return Err("the source is no plain text of at most 300 bytes".to_owned());
        }
        self.catalog.origins.push(Origin {
            quality: Quality::from_word(quality)
                .ok_or_else(|| format!("`{}` is no quality", clip(quality)))?,
            as_of: match date {
                "-" => None,
                date => {
                    let parsed = date.parse();
                    Some(parsed.map_err(|wrong| format!("`{}` is {wrong}", clip(date)))?)
                }
            },
            source: source.into(),
        });
        Ok(())
    }

    fn provider(&mut self, rest: &str) -> Result<(), String> {
        let kind = PROVIDERS.into_iter().find(|kind| kind.as_str() == rest);
        let kind = kind.ok_or_else(|| format!("`{}` has no prices", clip(rest)))?;
        self.provider = index(kind);
        self.region = None;
        self.classes.clear();
        Ok(())
    }

    fn platform(&mut self) -> Result<&mut Platform, String> {
        let index = self.provider.ok_or("a `provider` line must come first")?;
        let platform = self.catalog.platforms.get_mut(index);
        platform.ok_or_else(|| "a `provider` line must come first".to_owned())
    }

    fn region(&mut self, rest: &str) -> Result<(), String> {
        let region: Arc<str> = name(rest)?.into();
        let platform = self.platform()?;
        let known = platform.regions.contains_key(&region);
        if known {
            return Err(format!("region {region} is there twice"));
        }
        platform
            .regions
            .insert(Arc::clone(&region), RegionPrices::default());
        self.region = Some(region);
        Ok(())
    }

    fn class(&mut self, rest: &str) -> Result<(), String> {
        let mut words = rest.split(' ');
        let name: Arc<str> = name(words.next().unwrap_or_default())?.into();
        let vcpus = words.next().and_then(|word| word.parse().ok());
        let memory = words.next().and_then(|word| word.parse().ok());
        let (Some(vcpus), Some(memory)) = (vcpus, memory) else {
            return Err("a class has a name, vCPUs and GiB of memory".to_owned());
        };
        let mut class = Class {
            name: Arc::clone(&name),
            vcpus,
            memory,
            arch: Arch::X86,
            burstable: false,
            current_generation: true,
            picked: true,
            meter: None,
        };
        for word in words {
            match (word, word.strip_prefix("meter=")) {
                ("arm64", _) => class.arch = Arch::Arm64,
                ("burstable", _) => class.burstable = true,
                ("previous", _) => class.current_generation = false,
                ("unpicked", _) => class.picked = false,
                (_, Some(meter)) => class.meter = Some(self::name(meter)?.into()),
                _ => return Err(format!("`{}` says nothing of a class", clip(word))),
            }
        }
        if !self.classes.insert(Arc::clone(&name)) {
            return Err(format!("class {name} is there twice"));
        }
        self.platform()?.add(class);
        Ok(())
    }

    fn commit(&mut self, rest: &str) -> Result<(), String> {
        let words: Vec<&str> = rest.split(' ').collect();
        let [years, share, origin] = words[..] else {
            return Err("a commitment has years, a share and an origin".to_owned());
        };
        let origin = self.origin_number(origin)?;
        let years = years.parse().ok().filter(|years| matches!(years, 1 | 3));
        let share = share.parse().ok();
        let share = share.filter(|share| *share > Decimal::ZERO && *share < Decimal::ONE);
        let (Some(years), Some(share)) = (years, share) else {
            return Err("a commitment of 1 or 3 years saves a share below 1".to_owned());
        };
        self.platform()?.commits.push(Commit {
            years,
            share,
            origin,
        });
        Ok(())
    }

    fn terms(&mut self, rest: &str) -> Result<(), String> {
        let mut words = rest.split(' ');
        let name: Arc<str> = name(words.next().unwrap_or_default())?.into();
        let origin = self.origin_number(words.next().unwrap_or_default())?;
        let mut prices = [None; Term::COLUMNS.len()];
        for price in &mut prices {
            let word = words.next().ok_or("there is a column for every term")?;
            if word != "-" {
                let (upfront, hourly) = word
                    .split_once(',')
                    .ok_or_else(|| format!("`{}` is not upfront,hourly", clip(word)))?;
                *price = Some(TermPrice {
                    upfront: usd(upfront)?,
                    hourly: usd(hourly)?,
                });
            }
        }
        if words.next().is_some() {
            return Err("there are more columns than terms".to_owned());
        }
        let terms = Terms { origin, prices };
        if self.prices()?.terms.insert(name, terms).is_some() {
            return Err("the terms of this class are there twice".to_owned());
        }
        Ok(())
    }

    fn price(&mut self, meter: &str, rest: &str) -> Result<(), String> {
        let mut words = rest.split(' ');
        let (Some(availability), Some(amount), Some(origin), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("a price has a meter, z or r, an amount and an origin".to_owned());
        };
        let meter = name(meter)?;
        let availability = match availability {
            "z" => Availability::Zonal,
            "r" => Availability::Regional,
            other => return Err(format!("`{}` is neither z nor r", clip(other))),
        };
        let entry = Entry {
            usd: usd(amount)?,
            origin: self.origin_number(origin)?,
        };
        if !self.prices()?.add(meter, availability, entry) {
            return Err(format!("the price of {meter} is there twice"));
        }
        Ok(())
    }

    fn prices(&mut self) -> Result<&mut RegionPrices, String> {
        let region = self.region.clone();
        let region = region.ok_or("a `region` line must come first")?;
        let prices = self.platform()?.regions.get_mut(&region);
        prices.ok_or_else(|| "a `region` line must come first".to_owned())
    }

    fn origin_number(&self, word: &str) -> Result<u16, String> {
        let number = word.parse::<u16>().ok();
        let number = number.filter(|number| usize::from(*number) < self.catalog.origins.len());
        number.ok_or_else(|| format!("there is no origin {}", clip(word)))
    }
}

/// A price that is more than nothing is a price; zero is one too, since it was written down.
fn usd(text: &str) -> Result<Usd, String> {
    Usd::price(text).map_err(|error| error.to_string())
}

/// A name without anything that a terminal or a file could mistake.
fn name(text: &str) -> Result<&str, String> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(plain) {
        return Err(format!("`{}` is no name", clip(text)));
    }
    Ok(text)
}

/// A wrong word as it can be shown.
fn clip(text: &str) -> String {
    text.chars()
        .take(40)
        .flat_map(char::escape_default)
        .collect()
}
