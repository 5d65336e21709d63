//! The tags that a server bears on its command line, for the day when its folder is gone.

use pgfleet_model::{Owner, TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY};

/// The tags that a server is started with: see [`cluster_name`].
pub(crate) fn owner_in(command_line: &str) -> Option<Owner> {
    let name = command_line.split_once("cluster_name=pgfleet/")?.1;
    let name = name.split_whitespace().next()?;
    let (fleet, address) = name.split_once('/')?;
    let mut tags = [
        (TAG_MANAGED_BY, "pgfleet"),
        (TAG_FLEET, fleet),
        (TAG_ADDRESS, address),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Owner::take_from(&mut tags)
}

/// What a server is started with, to be known by its command line alone.
pub(crate) fn cluster_name(owner: &Owner) -> String {
    format!("pgfleet/{}/{}", owner.fleet, owner.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_known_by_the_command_line_alone() {
        let owner = Owner {
            fleet: "food-truck".parse().unwrap(),
            address: "eu-2".parse().unwrap(),
        };
        let line = format!(
            "postgres -D /x/data -c cluster_name={} -c port=1",
            cluster_name(&owner)
        );
        assert_eq!(owner_in(&line), Some(owner));
        assert_eq!(owner_in("postgres -D /x/data"), None);
    }
}
