//! A block of ports for each test. The first port of a block is bound as long as the block is
//! used: that is what keeps the tests of other threads and processes off it, and the system gives
//! it back however a test ends.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// Below the range from which systems pick ports for outgoing connections.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;
/// Ports in a block, the first included.
const SIZE: u16 = 20;

/// Ports that are this test's alone.
#[derive(Debug)]
pub(crate) struct Ports {
    base: u16,
    _lease: TcpListener,
}

impl Ports {
    /// The next block that nobody holds and on which nothing listens.
    pub(crate) fn lease() -> Self {
        let blocks = (LAST - FIRST) / SIZE;
        // Tests that start side by side look in different places first.
        let start = u16::try_from(std::process::id() % u32::from(blocks)).unwrap_or(0);
        (0..blocks)
            .map(|step| FIRST + (start.wrapping_mul(7) + step) % blocks * SIZE)
            .find_map(Self::take)
            .unwrap_or_else(|| panic!("no block of {SIZE} ports is free"))
    }

    fn take(base: u16) -> Option<Self> {
        let lease = TcpListener::bind((Ipv4Addr::LOCALHOST, base)).ok()?;
        (1..SIZE)
            .all(|offset| is_free(base + offset))
            .then_some(Self {
                base,
                _lease: lease,
            })
    }

    /// The primary's port is 0; there are nineteen in all.
    pub(crate) fn nth(&self, number: u16) -> u16 {
        assert!(number < SIZE - 1, "a test has {} ports", SIZE - 1);
        self.base + 1 + number
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = u16> {
        let base = self.base;
        (1..SIZE).map(move |offset| base + offset)
    }
}

/// Whether nobody listens on the port.
pub(crate) fn is_free(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect(address).is_err() && TcpListener::bind(address).is_ok()
}
