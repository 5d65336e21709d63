//! Fetches price lists, all that were asked for or none.

use pgfleet_model::{ProviderKind, Region};
use pgfleet_pricing::Catalog;

use super::{aws, azure, file, gcp};
use crate::ui::Ui;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The clouds; those that know the regions, or all, where none is named.
    pub(crate) clouds: Vec<ProviderKind>,
    /// The regions; none: all that the program knows.
    pub(crate) regions: Vec<Region>,
}

impl Asked {
    /// The clouds to ask, each with its regions. The error is a sentence.
    fn by_cloud(&self) -> Result<Vec<(ProviderKind, Vec<Region>)>, String> {
        const ALL: [ProviderKind; 3] = [ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure];
        let Self { clouds, regions } = self;
        let clouds = if clouds.is_empty() { &ALL[..] } else { clouds };
        if regions.is_empty() {
            return Ok(clouds.iter().map(|cloud| (*cloud, Vec::new())).collect());
        }
        let embedded = Catalog::embedded();
        let mut found: Vec<(ProviderKind, Vec<Region>)> = Vec::new();
        for region in regions {
            let mut knowing = clouds
                .iter()
                .filter(|cloud| embedded.knows_region(**cloud, region));
            // One that is not known may be new; its cloud has to be named then.
            let cloud = match (knowing.next(), clouds) {
                (Some(cloud), _) => *cloud,
                (None, [only]) => *only,
                (None, _) => {
                    return Err(format!(
                        "region {region} is not known here; name its cloud with --cloud"
                    ));
                }
            };
            match found.iter_mut().find(|(other, _)| *other == cloud) {
                Some((_, regions)) => regions.push(region.clone()),
                None => found.push((cloud, vec![region.clone()])),
            }
        }
        Ok(found)
    }
}

/// Why a refresh changed nothing.
pub(crate) enum Refused {
    /// The command line asks for what there is not.
    Asked(String),
    /// A list could not be had.
    Failed(String),
}

/// Fetches, and replaces the file at the end. Answers with how many regions are in it.
pub(crate) async fn refresh(asked: &Asked, ui: Ui) -> Result<Vec<(ProviderKind, usize)>, Refused> {
    let path = file::path().ok_or_else(|| {
        let message = "there is no home folder to keep prices in; set PGFLEET_PRICES to a file";
        Refused::Asked(message.to_owned())
    })?;
    let mut newer = Catalog::default();
    let mut counts = Vec::new();
    for (cloud, regions) in asked.by_cloud().map_err(Refused::Asked)? {
        let fetched = match cloud {
            ProviderKind::Aws => aws::fetch(&regions, ui).await,
            ProviderKind::Gcp => gcp::fetch(&regions, ui).await,
            ProviderKind::Azure => azure::fetch(&regions, ui).await,
            ProviderKind::Local => continue,
        };
        let fetched = fetched.map_err(Refused::Failed)?;
        counts.push((cloud, fetched.regions(cloud).count()));
        newer = newer.updated_by(&fetched);
    }
    // A file that is no catalog is replaced: nobody could use it.
    let older = file::read(&path).ok().flatten().unwrap_or_default();
    let all = older.updated_by(&newer);
    file::write(&path, &all).map_err(Refused::Failed)?;
    Ok(counts)
}
