//! Where `http.request` may go: the guard against requests forged to reach our own network.
//!
//! Three layers, because each has a hole the next one closes: the URL is judged before the call (the client never asks
//! the resolver about an IP literal), the resolver drops addresses that are not public (a name may point anywhere, and
//! may point elsewhere a moment later), and every redirect is judged like the first URL.
//!
//! **Invariant:** under [`Egress::Public`] no connection is opened to an address that [`is_public`] refuses.

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Where `http.request` may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Egress {
    /// Public addresses only: no private, loopback, link-local or metadata address, by name, literal or redirect.
    #[default]
    Public,
    /// Anywhere, for development.
    Anywhere,
}

/// Most redirects that are followed.
pub(crate) const REDIRECTS_MAX: usize = 3;

/// Ports of services that can be made to obey text sent to them.
const PORTS_REFUSED: [u16; 16] =
    [21, 22, 23, 25, 53, 110, 143, 389, 445, 465, 587, 2049, 3306, 5432, 6379, 11211];

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocked(pub(crate) String);

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Blocked {}

/// Judges a URL before it is called. Names are judged by the resolver, when their addresses are known.
pub(crate) fn check_url(url: &Url) -> Result<(), Blocked> {
    let refuse = |why: &str| Err(Blocked(format!("{why}: {}", url.host_str().unwrap_or("?"))));
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("only http and https are called");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("a URL must not carry a user name or password");
    }
    if url.port().is_some_and(|port| PORTS_REFUSED.contains(&port)) {
        return refuse("this port is not called");
    }
    let Some(host) = url.host_str() else { return refuse("the URL has no host") };
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if let Ok(address) = literal {
        return match is_public(address) {
            true => Ok(()),
            false => refuse("this address is not public"),
        };
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let is_inside = ["localhost", "internal", "local", "localdomain"]
        .iter()
        .any(|suffix| name == *suffix || name.ends_with(&format!(".{suffix}")));
    if is_inside { refuse("this name is not public") } else { Ok(()) }
}

/// Whether an address belongs to the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried_v4(address) {
            Some(carried) => is_public_v4(carried),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, ..)
    )
}

/// The IPv4 address an IPv6 address stands for: mapped, compatible, NAT64 or 6to4.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(join(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// Global unicast (2000::/3) without documentation, benchmarking and Teredo.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_special = matches!(segments, [0x2001, 0 | 2 | 0xdb8, ..] | [0x3fff, ..]);
    segments[0] & 0xe000 == 0x2000 && !is_special
}

/// Resolves names to public addresses only; the addresses it returns are the ones that are dialled.
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                let why = format!("this name has no public address: {host}");
                return Err(Blocked(why).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Follows up to [`REDIRECTS_MAX`] redirects, each judged like a first URL if only public addresses are allowed.
pub(crate) fn redirects(egress: Egress) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS_MAX {
            return attempt.error(Blocked(format!("more than {REDIRECTS_MAX} redirects")));
        }
        match egress {
            Egress::Anywhere => attempt.follow(),
            Egress::Public => match check_url(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(blocked) => attempt.error(blocked),
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, is_allowed: bool) {
        // What does not parse as a URL is refused before it comes here.
        let verdict = Url::parse(url).map(|url| check_url(&url));
        assert_eq!(matches!(verdict, Ok(Ok(()))), is_allowed, "{url}: {verdict:?}");
    }

    #[test]
    fn urls() {
        for allowed in [
            "https://example.com/",
            "http://example.com:8080/path?q=1",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://[::ffff:93.184.216.34]/",
            "https://localhost.example.com/",
        ] {
            check(allowed, true);
        }
        for refused in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://172.16.0.1/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://192.0.0.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:db8::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[fe80::1%25eth0]/",
            "http://[ff02::1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://metadata.google.internal/",
            "http://printer.local/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://user@example.com/",
            "http://user:pass@example.com/",
            "http://a@127.0.0.1#@b/",
            "http://example.com:22/",
            "http://example.com:6379/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
        ] {
            check(refused, false);
        }
    }

    #[tokio::test]
    async fn a_name_that_points_inside_is_refused() {
        let name: Name = "localhost".parse().unwrap();
        let error = PublicOnly.resolve(name).await.err().unwrap();
        assert!(error.is::<Blocked>(), "{error}");
    }
}
