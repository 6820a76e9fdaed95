//! What decides when and where: `bucket`, `next_time`, `next_open`, `in_hours`, `resume_url`.
//!
//! **Invariant:** `bucket` is a pure hash: the same key and name give the same number in every instance, for ever.

use sha2::{Digest, Sha256};

use super::eval::{Evaluator, Outcome, Work};
use super::functions::Function;
use super::text::expect_text;
use super::value::Val;
use super::{format, hours, time};
use crate::cron::Cron;

/// Fuel of reading a cron rule and searching for its next time.
const CRON_FUEL: usize = 100;

/// Where an instance is answered that has no address: a name that leads nowhere, by RFC 2606.
const NOWHERE: &str = "https://resume.invalid";

impl<'e> Evaluator<'e> {
    /// Evaluates `function` over `args`, of which the parser has counted as many as it needs.
    pub(super) fn schedule_call(
        &self,
        function: Function,
        args: &[Val<'e>],
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        self.is_local.set(true);
        match function {
            Function::NextTime => self.next_time(args, work),
            Function::NextOpen => self.next_open(args, work),
            _ => self.in_hours(args, work),
        }
    }

    /// `bucket`: where in [0, 1) a key falls in the draw called by a name.
    pub(super) fn bucket(&self, args: (&Val<'e>, &Val<'e>), work: &Work<'e>) -> Outcome<Val<'e>> {
        if matches!(args.0, Val::Null) {
            let message = "everybody without a key would be in the same bucket; give a key";
            return Err(work.error("wrong-type", message));
        }
        let key = format::text(args.0, work)?;
        let name = expect_text(args.1, work)?;
        let mut hash = Sha256::new();
        // The length keeps key and name apart, so that no two pairs make the same bytes.
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key.as_bytes());
        hash.update(name.as_bytes());
        Ok(Val::Double(time::fraction(&hash.finalize())))
    }

    /// `next_time`: the first moment after `from` (else now) that a cron rule names.
    fn next_time(&self, args: &[Val<'e>], work: &Work<'e>) -> Outcome<Val<'e>> {
        let [rule, rest @ ..] = args else { return Ok(Val::Null) };
        work.spend(CRON_FUEL)?;
        let rule = expect_text(rule, work)?;
        let cron = Cron::parse(rule).map_err(|why| work.error("bad-cron", why))?;
        let zone_name = self.zone_name(rest.first(), work)?;
        let from = self.from(rest.get(1), zone_name, work)?;
        match cron.next_after(from, &time::zone(zone_name, work)?) {
            Some(at) => Ok(Val::Timestamp(at)),
            None => Err(work.error("overflow", format!("`{rule}` does not come again by 2100"))),
        }
    }

    /// `next_open`: the first moment from `from` (else now) on within opening hours; `from` itself while they are open.
    fn next_open(&self, args: &[Val<'e>], work: &Work<'e>) -> Outcome<Val<'e>> {
        let [hours, rest @ ..] = args else { return Ok(Val::Null) };
        let hours = hours_of(hours, work)?;
        let zone_name = self.hours_zone(&hours, rest.first(), work)?;
        let from = self.from(rest.get(1), &zone_name, work)?;
        let at = time::zoned(from, time::zone(&zone_name, work)?, work)?;
        let open = hours::next_open(&hours, &at, work)?
            .ok_or_else(|| work.error("never-open", "these hours are never open"))?;
        time::moment_of(&open, work).map(Val::Timestamp)
    }

    /// `in_hours`: of a moment (else now), by hours (else the tenant's), in their zone.
    fn in_hours(&self, args: &[Val<'e>], work: &Work<'e>) -> Outcome<Val<'e>> {
        let hours = match args.get(1) {
            Some(hours) => hours_of(hours, work)?,
            None => self.scope.tenant.get("hours").map_or(Val::Null, Val::of),
        };
        let zone_name = self.hours_zone(&hours, args.get(2), work)?;
        let at = self.from(args.first(), &zone_name, work)?;
        let at = time::zoned(at, time::zone(&zone_name, work)?, work)?;
        hours::is_open(&hours, &at, work).map(Val::Bool)
    }

    /// The zone of hours: a calendar's own, unless the call names a zone, or `contact`.
    fn hours_zone(
        &self,
        hours: &Val<'e>,
        name: Option<&Val<'e>>,
        work: &Work<'e>,
    ) -> Outcome<String> {
        let is_general = match name {
            None | Some(Val::Null) => true,
            Some(name) => expect_text(name, work)? == "tenant",
        };
        match hours::zone_name(hours).filter(|_| is_general) {
            Some(own) => Ok(own),
            None => self.zone_name(name, work).map(str::to_owned),
        }
    }

    /// `resume_url`: where the outside world answers a wait of this instance.
    pub(super) fn resume_url(&self, name: &Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        let name = expect_text(name, work)?;
        let mut url = self.scope.resume.unwrap_or(NOWHERE).trim_end_matches('/').to_owned();
        work.spend_output(url.len() + name.len() * 3)?;
        url.push('/');
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    url.push(char::from(byte));
                }
                other => url.push_str(&format!("%{other:02X}")),
            }
        }
        Ok(Val::text(url))
    }

    /// A zone by name; `tenant` is the tenant's own, `contact` (or none) the reader's.
    fn zone_name<'v>(&'v self, name: Option<&'v Val<'e>>, work: &Work<'e>) -> Outcome<&'v str> {
        Ok(match name {
            None | Some(Val::Null) => self.scope.time_zone,
            Some(name) => match expect_text(name, work)? {
                "contact" => self.scope.time_zone,
                "tenant" => {
                    let zone = self.scope.tenant.get("timeZone").and_then(|zone| zone.as_str());
                    zone.unwrap_or("UTC")
                }
                name => name,
            },
        })
    }

    fn from(
        &self,
        from: Option<&Val<'e>>,
        zone_name: &str,
        work: &Work<'e>,
    ) -> Outcome<chrono::DateTime<chrono::Utc>> {
        from.map_or(Ok(self.scope.now), |from| time::moment(from, zone_name, work))
    }
}

/// Hours given as such, or null for none.
fn hours_of<'a>(hours: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match hours {
        Val::Null => Ok(Val::Null),
        hours if hours.n_entries().is_some() => Ok(hours.clone()),
        other => {
            let message = format!(
                "hours are an object like {{\"mon\": [[\"09:00\", \"18:00\"]]}}, not {}",
                other.what()
            );
            Err(work.error("bad-hours", message))
        }
    }
}
