//! The delivery state of a message of ours. Providers tell it late, twice and in any order.
//!
//! **Invariant:** a state only moves forward: what is known to have reached the customer is never unknown again. `failed`
//! stands beside the line: it counts until something better is known (with several devices one may fail and another not).

use serde::{Deserialize, Serialize};

/// How far a message came; the order of the variants is the order of the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The provider took it.
    Accepted,
    /// The provider sent it.
    Sent,
    /// The provider gave up.
    Failed,
    /// It is on the customer's device.
    Delivered,
    /// The customer saw it.
    Read,
    /// The customer listened to it.
    Played,
}

impl Delivery {
    /// Every state, in order.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Sent, Self::Failed, Self::Delivered, Self::Read, Self::Played];

    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state after hearing `told`.
    pub fn after(self, told: Self) -> Self {
        self.max(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forward() {
        let cases = [
            ("sent delivered read", "read"),
            ("delivered sent", "delivered"),
            ("read delivered sent", "read"),
            ("sent failed", "failed"),
            ("failed sent", "failed"),
            ("failed delivered", "delivered"),
            ("delivered failed", "delivered"),
            ("read played read", "played"),
        ];
        for (told, wanted) in cases {
            let told = told.split(' ').map(|name| Delivery::named(name).unwrap());
            assert_eq!(told.fold(Delivery::Accepted, Delivery::after).name(), wanted);
        }
    }

    #[test]
    fn order_of_arrival_does_not_matter() {
        for a in Delivery::ALL {
            for b in Delivery::ALL {
                assert_eq!(a.after(b), b.after(a));
                assert_eq!(a.after(b).after(b), a.after(b));
                assert_eq!(Delivery::named(a.name()), Some(a));
            }
        }
    }
}
