//! The file itself: products by their number, then terms by the same numbers. Only what concerns
//! PostgreSQL stays in memory.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::{BufReader, Read},
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};

use super::meters::{Attributes, Product, product};
use crate::{
    Date, Term, TermPrice, Upfront, Usd,
    live::{LiveError, clip, rate::amount},
};

/// What is kept of a file.
pub(super) struct Offer {
    today: Date,
    /// The day of the file.
    pub(super) published: Option<Date>,
    /// Whether the products were read: before that, every rate is kept.
    products_read: bool,
    /// The products of PostgreSQL by their number.
    pub(super) products: HashMap<String, Product>,
    /// The rate that holds, by the number of the product.
    pub(super) on_demand: HashMap<String, Rate>,
    /// The terms, by the number of the product.
    pub(super) reserved: HashMap<String, Vec<(Term, TermPrice)>>,
}

/// A rate and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate {
    since: Option<Date>,
    pub(super) usd: Usd,
}

/// Reads a file to its end.
pub(super) fn read(reader: impl Read, today: Date) -> Result<Offer, LiveError> {
    let mut offer = Offer {
        today,
        published: None,
        products_read: false,
        products: HashMap::new(),
        on_demand: HashMap::new(),
        reserved: HashMap::new(),
    };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(reader));
    let read = File(&mut offer).deserialize(&mut json);
    read.and_then(|()| json.end())
        .map_err(|error| LiveError::json(&error))?;
    Ok(offer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProduct {
    product_family: Option<String>,
    #[serde(default)]
    attributes: Attributes,
}

type RawOffers = BTreeMap<String, RawOffer>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOffer {
    effective_date: Option<String>,
    price_dimensions: BTreeMap<String, RawDimension>,
    #[serde(default)]
    term_attributes: RawTerm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDimension {
    unit: Option<String>,
    begin_range: Option<String>,
    price_per_unit: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RawTerm {
    lease_contract_length: Option<String>,
    offering_class: Option<String>,
    purchase_option: Option<String>,
}

impl Offer {
    fn product(&mut self, sku: String, raw: RawProduct) {
        if let Some(product) = product(raw.product_family.as_deref(), raw.attributes) {
            self.products.insert(sku, product);
        }
    }

    /// Whether the terms of a product are of use.
    fn wants(&self, sku: &str) -> bool {
        !self.products_read || self.products.contains_key(sku)
    }

    /// Several offers of one product differ in when they begin: the last that has begun holds.
    fn on_demand(&mut self, sku: &str, offers: &RawOffers) -> Result<(), LiveError> {
        if !self.wants(sku) {
            return Ok(());
        }
        for offer in offers.values() {
            let since = self.begun(offer);
            let Some(since) = since else { continue };
            // Of a tiered price, the first tier: it is the dearest, and most never leave it.
            let first = |tier: &&RawDimension| {
                let begin = tier.begin_range.as_deref().unwrap_or("0");
                begin.parse().is_ok_and(|begin: f64| begin <= 0.0)
            };
            let Some(tier) = offer.price_dimensions.values().find(first) else {
                continue;
            };
            let usd = usd(sku, tier)?;
            let rate = Rate { since, usd };
            let place = self.on_demand.entry(sku.to_owned()).or_insert(rate);
            *place = rate.max(*place);
        }
        Ok(())
    }

    fn reserved(&mut self, sku: &str, offers: &RawOffers) -> Result<(), LiveError> {
        if !self.wants(sku) {
            return Ok(());
        }
        let mut newest: BTreeMap<Term, (Option<Date>, TermPrice)> = BTreeMap::new();
        for offer in offers.values() {
            let (Some(term), Some(since)) = (term(&offer.term_attributes), self.begun(offer))
            else {
                continue;
            };
            let mut price = TermPrice {
                upfront: Usd::ZERO,
                hourly: Usd::ZERO,
            };
            for part in offer.price_dimensions.values() {
                match part.unit.as_deref() {
                    Some("Quantity") => price.upfront = usd(sku, part)?,
                    _ => price.hourly = usd(sku, part)?,
                }
            }
            if price.upfront == Usd::ZERO && price.hourly == Usd::ZERO {
                continue;
            }
            let place = newest.entry(term).or_insert((since, price));
            if place.0 < since {
                *place = (since, price);
            }
        }
        let terms = newest.into_iter().map(|(term, (_, price))| (term, price));
        self.reserved.insert(sku.to_owned(), terms.collect());
        Ok(())
    }

    /// Since when an offer holds; `None` where it has not begun. The inner `None` is an offer that
    /// does not say.
    #[expect(
        clippy::option_option,
        reason = "not begun and not said are two things"
    )]
    fn begun(&self, offer: &RawOffer) -> Option<Option<Date>> {
        let since = offer
            .effective_date
            .as_deref()
            .and_then(|text| text.parse().ok());
        since
            .is_none_or(|date: Date| date <= self.today)
            .then_some(since)
    }
}

fn usd(sku: &str, dimension: &RawDimension) -> Result<Usd, LiveError> {
    let place = format!("product {}", clip(sku));
    if let Some(text) = dimension.price_per_unit.get("USD") {
        return amount(text, &place);
    }
    let found: Vec<&str> = dimension
        .price_per_unit
        .keys()
        .map(String::as_str)
        .collect();
    let message = format!("priced in {}, not in USD", clip(&found.join(", ")));
    Err(LiveError::new(place, message))
}

fn term(raw: &RawTerm) -> Option<Term> {
    if raw
        .offering_class
        .as_deref()
        .is_some_and(|class| class != "standard")
    {
        return None;
    }
    let years = match raw.lease_contract_length.as_deref()? {
        "1yr" => 1,
        "3yr" => 3,
        _ => return None,
    };
    let upfront = match raw.purchase_option.as_deref()? {
        "No Upfront" => Upfront::None,
        "Partial Upfront" => Upfront::Partial,
        "All Upfront" => Upfront::All,
        _ => return None,
    };
    Some(Term { years, upfront })
}

/// The file as a map.
struct File<'a>(&'a mut Offer);

impl<'de> DeserializeSeed<'de> for File<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an offer file of AmazonRDS")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self(offer) = self;
        let (mut products, mut terms) = (false, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "offerCode" => {
                    let code: String = map.next_value()?;
                    if code != "AmazonRDS" {
                        let message = format!("this is the offer of {}", clip(&code));
                        return Err(M::Error::custom(message));
                    }
                }
                "publicationDate" => {
                    offer.published = map.next_value::<String>()?.parse().ok();
                }
                "products" => {
                    map.next_value_seed(each(|sku, raw| {
                        offer.product(sku, raw);
                        Ok(())
                    }))?;
                    offer.products_read = true;
                    products = true;
                }
                "terms" => {
                    map.next_value_seed(Terms(offer))?;
                    terms = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if products && terms {
            Ok(())
        } else {
            Err(M::Error::custom("the file has no `products` or no `terms`"))
        }
    }
}

/// `terms` of the file.
struct Terms<'a>(&'a mut Offer);

impl<'de> DeserializeSeed<'de> for Terms<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Terms<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terms by their kind")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self(offer) = self;
        while let Some(kind) = map.next_key::<String>()? {
            match kind.as_str() {
                "OnDemand" => {
                    map.next_value_seed(each(|sku: String, offers| {
                        offer.on_demand(&sku, &offers)
                    }))?;
                }
                "Reserved" => {
                    map.next_value_seed(each(|sku: String, offers| offer.reserved(&sku, &offers)))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A map that is handed on entry by entry, so that never more than one is in memory.
struct Each<F, T>(F, PhantomData<T>);

fn each<F, T>(take: F) -> Each<F, T>
where
    F: FnMut(String, T) -> Result<(), LiveError>,
{
    Each(take, PhantomData)
}

impl<'de, F, T> DeserializeSeed<'de> for Each<F, T>
where
    F: FnMut(String, T) -> Result<(), LiveError>,
    T: DeserializeOwned,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, F, T> Visitor<'de> for Each<F, T>
where
    F: FnMut(String, T) -> Result<(), LiveError>,
    T: DeserializeOwned,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries by the number of the product")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self(mut take, _) = self;
        while let Some((key, value)) = map.next_entry()? {
            take(key, value).map_err(M::Error::custom)?;
        }
        Ok(())
    }
}
