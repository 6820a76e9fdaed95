//! What each role may do: one table.

/// A role of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works with instances and conversations.
    Operator,
    /// Changes definitions and credentials too.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// From what is stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// What a route is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at definitions and kinds.
    ReadDefinitions,
    /// Store or publish a definition.
    WriteDefinitions,
    /// Look at instances, their history and incidents.
    ReadInstances,
    /// Start an instance.
    StartInstances,
    /// Send an event to an instance.
    WriteEvents,
    /// Apply an ops verb.
    OperateInstances,
    /// Look at conversations and what was said.
    ReadConversations,
    /// Look at channels and connections; never at their credentials.
    ReadAccounts,
    /// Make or change channels and connections.
    WriteAccounts,
    /// Forget a contact, for good.
    PurgeContacts,
}

impl Action {
    /// The scope of a key that is limited to some actions.
    pub fn scope(self) -> &'static str {
        match self {
            Self::ReadDefinitions => "definitions:read",
            Self::WriteDefinitions => "definitions:write",
            Self::ReadInstances => "instances:read",
            Self::StartInstances => "instances:start",
            Self::WriteEvents => "events:write",
            Self::OperateInstances => "instances:operate",
            Self::ReadConversations => "conversations:read",
            Self::ReadAccounts => "accounts:read",
            Self::WriteAccounts => "accounts:write",
            Self::PurgeContacts => "contacts:purge",
        }
    }

    /// The least role that may do it.
    fn least(self) -> Role {
        match self {
            Self::ReadDefinitions
            | Self::ReadInstances
            | Self::ReadConversations
            | Self::ReadAccounts => Role::Viewer,
            Self::StartInstances | Self::WriteEvents | Self::OperateInstances => Role::Operator,
            Self::WriteDefinitions | Self::WriteAccounts | Self::PurgeContacts => Role::Admin,
        }
    }
}

/// Whether a credential of this role, limited to these scopes (none: not limited), may do this.
pub(super) fn authorize(role: Role, scopes: &[String], action: Action) -> bool {
    role >= action.least() && (scopes.is_empty() || scopes.iter().any(|s| s == action.scope()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [Action; 10] = [
        Action::ReadDefinitions,
        Action::ReadInstances,
        Action::ReadConversations,
        Action::ReadAccounts,
        Action::StartInstances,
        Action::WriteEvents,
        Action::OperateInstances,
        Action::WriteDefinitions,
        Action::WriteAccounts,
        Action::PurgeContacts,
    ];

    #[test]
    fn the_table() {
        // In the order of ACTIONS.
        for (role, wanted) in [
            (Role::Viewer, "yyyy------"),
            (Role::Operator, "yyyyyyy---"),
            (Role::Admin, "yyyyyyyyyy"),
            (Role::Owner, "yyyyyyyyyy"),
        ] {
            let row: String =
                ACTIONS.map(|a| if authorize(role, &[], a) { 'y' } else { '-' }).iter().collect();
            assert_eq!(row, wanted, "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn a_scope_limits_and_never_widens() {
        for (role, scope, action, wanted) in [
            (Role::Owner, "events:write", Action::WriteEvents, true),
            (Role::Owner, "events:write", Action::ReadInstances, false),
            (Role::Viewer, "definitions:write", Action::WriteDefinitions, false),
            (Role::Owner, "no:such", Action::ReadInstances, false),
        ] {
            assert_eq!(authorize(role, &[scope.to_owned()], action), wanted, "{role:?} {scope}");
        }
        assert_eq!(Role::parse("root"), None);
    }
}
