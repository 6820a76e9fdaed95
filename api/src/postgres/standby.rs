//! A second cluster that follows a first one, for the tests of what happens when the first is lost.

use super::{Embedded, Error};

impl Embedded {
    /// Starts a temporary standby of this cluster: it can be read, and has everything this one has, a moment later. Made for
    /// tests, like [`Embedded::for_tests`].
    pub fn standby(&self) -> Result<Self, Error> {
        Self::temporary(&[], |place| self.cluster.copy_to(&self.place, place))
    }

    /// Makes a primary of a standby, and waits until it takes writes.
    pub fn promote(&self) -> Result<(), Error> {
        self.cluster.promote()
    }

    /// Ends it as the loss of the machine does.
    pub fn crash(&mut self) -> Result<(), Error> {
        self.cluster.crash()
    }
}
