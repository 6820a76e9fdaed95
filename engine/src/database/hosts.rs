//! The servers that a database URL names: one, or several with commas between them, of which one takes writes.
//!
//! `postgres://user@db1:5432,db2:5432/perdure?target_session_attrs=read-write`, or `?host=/run/a,/run/b`, as libpq reads
//! them. The driver knows one server only, so this file makes one set of options per server and finds the right one.
//!
//! **Invariant:** a server that only reads is never taken for one that writes: it would refuse every turn.

use crate::error::{Error, Result};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::{str::FromStr, time::Duration};

/// Longest that a server may take to say what it is.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// A URL names fewer servers than this.
const SERVERS_MAX: usize = 16;

/// What is wanted of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It takes writes.
    Writing,
    /// Any that answers, a standby rather than the primary.
    Reading,
    /// A standby, and nothing else.
    Standby,
}

/// One server of a URL.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// As the URL names it, for people.
    pub(super) name: String,
    pub(super) options: PgConnectOptions,
}

/// The servers of a URL, in its order.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    pub(super) servers: Vec<Server>,
    pub(super) wanted: Wanted,
}

/// What a server is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Writing,
    Standby,
    /// A primary on which every transaction is read-only by its settings.
    ReadOnly,
}

impl Hosts {
    /// The servers for work: one of them must take writes. `Refused` if the URL asks for a standby.
    pub(super) fn writing(url: &str) -> Result<Self> {
        let parts = Parts::split(url)?;
        match parts.attributes.as_deref() {
            None | Some("any" | "read-write" | "primary") => Self::of(&parts, Wanted::Writing),
            Some(other) => Err(Error::Refused(format!(
                "the database URL asks for target_session_attrs={other}, but workflows are written: use read-write"
            ))),
        }
    }

    /// The servers for reading.
    pub(super) fn reading(url: &str) -> Result<Self> {
        let parts = Parts::split(url)?;
        match parts.attributes.as_deref() {
            None | Some("any" | "prefer-standby") => Self::of(&parts, Wanted::Reading),
            Some("standby" | "read-only") => Self::of(&parts, Wanted::Standby),
            Some("read-write" | "primary") => Self::of(&parts, Wanted::Writing),
            Some(other) => Err(Error::Refused(format!(
                "target_session_attrs={other} is not known; there are any, standby, prefer-standby, read-only, \
                 read-write, primary"
            ))),
        }
    }

    fn of(parts: &Parts<'_>, wanted: Wanted) -> Result<Self> {
        let mut servers = Vec::new();
        for (name, url) in parts.urls()? {
            servers.push(Server { name, options: super::dress(PgConnectOptions::from_str(&url)?) });
        }
        Ok(Self { servers, wanted })
    }

    /// The first server, in the order of the URL, that is what is wanted. `NoServer` tells about each one why it is not.
    pub(super) async fn find(&self) -> Result<usize> {
        let mut refused = Vec::new();
        let mut second_best = None;
        for (index, server) in self.servers.iter().enumerate() {
            match server.standing().await {
                Ok(standing) if standing.is(self.wanted) => return Ok(index),
                // A primary that can be read, if no standby answers.
                Ok(_) if self.wanted == Wanted::Reading => {
                    second_best = second_best.or(Some(index))
                }
                Ok(standing) => refused.push(format!("{} is {}", server.name, standing.told())),
                Err(error) if self.servers.len() == 1 => return Err(error),
                Err(error) => {
                    refused.push(format!("{} cannot be reached: {}", server.name, chain(&error)))
                }
            }
        }
        let wanted = match self.wanted {
            Wanted::Writing => "takes writes",
            Wanted::Reading => "answers",
            Wanted::Standby => "is a standby",
        };
        second_best.ok_or_else(|| {
            Error::NoServer(format!(
                "no server of the database URL {wanted}: {}",
                refused.join("; ")
            ))
        })
    }
}

impl Server {
    /// Connects, and asks what it is.
    async fn standing(&self) -> Result<Standing> {
        let asked = async {
            let mut connection = self.options.connect().await?;
            let standing = standing(&mut connection).await?;
            // It has answered; how the connection ends changes nothing.
            let _ = connection.close().await;
            Ok(standing)
        };
        tokio::time::timeout(PROBE_TIMEOUT, asked).await.unwrap_or_else(|_| {
            Err(Error::NoServer(format!("no answer in {} s", PROBE_TIMEOUT.as_secs())))
        })
    }
}

/// What the server at the other end is.
pub(super) async fn standing(connection: &mut PgConnection) -> sqlx::Result<Standing> {
    let (is_standby, is_read_only): (bool, bool) =
        sqlx::query_as(include_str!("../store/sql/select_standing.sql"))
            .fetch_one(connection)
            .await?;
    Ok(match (is_standby, is_read_only) {
        (true, _) => Standing::Standby,
        (false, true) => Standing::ReadOnly,
        (false, false) => Standing::Writing,
    })
}

impl Standing {
    /// Whether it is what is wanted at best.
    pub(super) fn is(self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Writing => self == Self::Writing,
            Wanted::Reading | Wanted::Standby => self == Self::Standby,
        }
    }

    /// For people: `… is <this>`.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Writing => "the primary",
            Self::Standby => "a read-only standby",
            Self::ReadOnly => "read-only by its settings (default_transaction_read_only)",
        }
    }
}

/// What an error and its causes say, each thing once.
fn chain(error: &Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    // Our own word for it is `database`; what the driver says is the news.
    let mut next = match error {
        Error::Database(driver) => Some(driver as &dyn std::error::Error),
        other => Some(other as &dyn std::error::Error),
    };
    while let Some(cause) = next {
        let text = cause.to_string();
        if !causes.iter().any(|told| told.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes.join(": ")
}

/// A URL taken apart as far as needed to name one server at a time.
struct Parts<'a> {
    scheme: &'a str,
    /// With its `@`, or empty.
    user: &'a str,
    hosts: &'a str,
    /// With its `/`, or empty.
    path: &'a str,
    /// Parameters but those that are read here.
    query: Vec<&'a str>,
    query_hosts: Option<String>,
    query_ports: Option<String>,
    attributes: Option<String>,
}

impl<'a> Parts<'a> {
    fn split(url: &'a str) -> Result<Self> {
        let whole = url.trim();
        let begins = ["postgres://", "postgresql://"].into_iter().find(|s| whole.starts_with(s));
        let Some(scheme) = begins else {
            return Err(Error::Refused("a database URL begins with postgres://".to_owned()));
        };
        let rest = &whole[scheme.len()..];
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let mut parts = Self {
            scheme,
            user,
            hosts,
            path,
            query: Vec::new(),
            query_hosts: None,
            query_ports: None,
            attributes: None,
        };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let commas = || value.replace("%2C", ",").replace("%2c", ",");
            match name {
                "host" => parts.query_hosts = Some(commas()),
                "port" => parts.query_ports = Some(commas()),
                "target_session_attrs" => parts.attributes = Some(value.to_owned()),
                _ => parts.query.push(parameter),
            }
        }
        Ok(parts)
    }

    /// (name, URL) of each server.
    fn urls(&self) -> Result<Vec<(String, String)>> {
        let Self { scheme, user, path, .. } = self;
        let listed = self.query_hosts.as_deref().unwrap_or(self.hosts);
        let hosts: Vec<&str> = listed.split(',').collect();
        if hosts.len() > SERVERS_MAX {
            let why = format!(
                "the database URL names {} servers; {SERVERS_MAX} are the most",
                hosts.len()
            );
            return Err(Error::Refused(why));
        }
        let ports = self.ports(hosts.len())?;
        let servers = hosts.iter().zip(ports).map(|(host, port)| {
            let mut query: Vec<String> = self.query.iter().map(|text| (*text).to_owned()).collect();
            let authority = match self.query_hosts {
                Some(_) => {
                    query.push(format!("host={host}"));
                    "localhost"
                }
                None if host.is_empty() => "localhost",
                None => host,
            };
            query.extend(port.map(|port| format!("port={port}")));
            let question = if query.is_empty() { "" } else { "?" };
            let name = match (host.is_empty(), port) {
                (true, _) => "localhost".to_owned(),
                (false, Some(port)) => format!("{}:{port}", host.replace("%2F", "/")),
                (false, None) => host.replace("%2F", "/"),
            };
            (name, format!("{scheme}{user}{authority}{path}{question}{}", query.join("&")))
        });
        Ok(servers.collect())
    }

    /// One port for each of the servers: as many as there are, or one for all.
    fn ports(&self, servers: usize) -> Result<Vec<Option<&str>>> {
        let Some(text) = &self.query_ports else { return Ok(vec![None; servers]) };
        let ports: Vec<Option<&str>> = text.split(',').map(Some).collect();
        match ports.len() {
            1 => Ok(vec![ports[0]; servers]),
            count if count == servers => Ok(ports),
            count => {
                let why = format!("the database URL names {servers} servers and {count} ports");
                Err(Error::Refused(why))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_a_url() {
        let cases: [(&str, &[(&str, &str)]); 8] = [
            ("postgres://u:p@db/x", &[("db", "postgres://u:p@db/x")]),
            (
                "postgres://u@h1:1,h2:2/x?target_session_attrs=read-write&sslmode=require",
                &[
                    ("h1:1", "postgres://u@h1:1/x?sslmode=require"),
                    ("h2:2", "postgres://u@h2:2/x?sslmode=require"),
                ],
            ),
            (
                "postgresql://u@localhost/x?host=%2Frun%2Fa,%2Frun%2Fb",
                &[
                    ("/run/a", "postgresql://u@localhost/x?host=%2Frun%2Fa"),
                    ("/run/b", "postgresql://u@localhost/x?host=%2Frun%2Fb"),
                ],
            ),
            (
                "postgres:///x?host=a%2Cb&port=5,6",
                &[
                    ("a:5", "postgres://localhost/x?host=a&port=5"),
                    ("b:6", "postgres://localhost/x?host=b&port=6"),
                ],
            ),
            ("postgres://[::1]:5432/x", &[("[::1]:5432", "postgres://[::1]:5432/x")]),
            ("postgres:///x", &[("localhost", "postgres://localhost/x")]),
            ("postgres://u%40corp:a%2Fb@db", &[("db", "postgres://u%40corp:a%2Fb@db")]),
            (
                "postgres://%2Frun%2Fa,%2Frun%2Fb/x",
                &[("/run/a", "postgres://%2Frun%2Fa/x"), ("/run/b", "postgres://%2Frun%2Fb/x")],
            ),
        ];
        for (url, wanted) in cases {
            let found = Parts::split(url).unwrap().urls().unwrap();
            let found: Vec<_> = found.iter().map(|(n, u)| (n.as_str(), u.as_str())).collect();
            assert_eq!(found, wanted, "{url}");
            assert_eq!(Hosts::writing(url).unwrap().servers.len(), wanted.len(), "{url}");
        }
    }

    #[test]
    fn what_a_url_may_not_ask() {
        let cases = [
            ("mysql://db", "begins with postgres://"),
            ("postgres://a,b/x?port=1,2,3", "2 servers and 3 ports"),
            ("postgres://a,b/x?target_session_attrs=standby", "use read-write"),
            ("postgres://a,b/x?target_session_attrs=master", "use read-write"),
        ];
        for (url, wanted) in cases {
            let error = Hosts::writing(url).unwrap_err().to_string();
            assert!(error.contains(wanted), "{url}: {error}");
        }
        for (text, wanted) in
            [("", Wanted::Reading), ("?target_session_attrs=standby", Wanted::Standby)]
        {
            let hosts = Hosts::reading(&format!("postgres://a,b/x{text}")).unwrap();
            assert_eq!(hosts.wanted, wanted, "{text}");
        }
    }
}
