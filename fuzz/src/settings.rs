//! Any text in a setting, a command or a form of the console: refused with a reason, or parsed into what the rest relies on.

use std::path::Path;

use aurix::db::Location;
use aurix::domain::account::Email;
use aurix::domain::origin::AllowedOrigin;
use aurix::domain::phone::Region;
use aurix::domain::rates::{self, Rates};
use aurix::domain::retention::{self, Period, Retention};
use aurix::domain::retry::{Schedule, WAIT_MAX, WAITS_MAX};
use aurix::net::guard::is_public;
use aurix::net::{AddressPolicy, Target};
use aurix::outbound::headers::parse_line;
use url::{Host, Url};

/// Panics where it does not hold for this input.
pub fn check(texts: (&str, &str)) {
    let (text, other) = texts;
    rates_and_periods(text);
    schedules(text);
    origins(text, other);
    receivers(text);
    if let Ok(region) = Region::parse(text) {
        assert_eq!(Region::parse(region.as_str()), Ok(region));
    }
    if let Ok(email) = Email::parse(text) {
        assert_eq!(Email::parse(email.as_str()), Ok(email));
    }
    assert!(Location::parse(text, Path::new("data")).is_ok_or_says_why());
}

trait SaysWhy {
    fn is_ok_or_says_why(&self) -> bool;
}

impl<T, E: ToString> SaysWhy for Result<T, E> {
    fn is_ok_or_says_why(&self) -> bool {
        self.as_ref().err().is_none_or(|error| !error.to_string().is_empty())
    }
}

fn rates_and_periods(text: &str) {
    match Rates::parse(text) {
        Ok(rates) => assert!(rates::Kind::ALL.into_iter().all(|kind| rates.of(kind) != Some(0))),
        refused => assert!(refused.is_ok_or_says_why()),
    }
    match Retention::parse(text) {
        Ok(retention) => {
            for kind in retention::Kind::ALL {
                let period = retention.of(kind);
                assert_ne!(period, Period::Days(0));
                assert_eq!(Period::parse(kind, &period.to_string()), Ok(period));
            }
        }
        refused => assert!(refused.is_ok_or_says_why()),
    }
}

fn schedules(text: &str) {
    match Schedule::parse(text) {
        Ok(schedule) => {
            let waits = schedule.waits();
            assert!((1..=WAITS_MAX).contains(&waits.len()));
            assert!(waits.iter().all(|wait| !wait.is_zero() && *wait <= WAIT_MAX));
        }
        refused => assert!(refused.is_ok_or_says_why()),
    }
}

/// Whoever a wildcard admits is on a subdomain of its domain, as a browser would parse the origin.
fn origins(text: &str, origin: &str) {
    let allowed = match AllowedOrigin::parse(text) {
        Ok(allowed) => allowed,
        refused => return assert!(refused.is_ok_or_says_why()),
    };
    let again = AllowedOrigin::parse(allowed.as_str()).expect("what is stored can be parsed");
    assert_eq!(again, allowed);
    if !allowed.admits(origin) {
        return;
    }
    match allowed.as_str().split_once("*.") {
        None => assert!(origin.eq_ignore_ascii_case(allowed.as_str())),
        Some((scheme, domain)) => {
            let url = Url::parse(origin).expect("an admitted origin is a URL");
            let domain = Url::parse(&format!("{scheme}{domain}")).expect("a domain");
            assert_eq!((url.scheme(), url.port()), (domain.scheme(), domain.port()));
            let suffix = format!(".{}", domain.host_str().expect("a host"));
            assert!(url.username().is_empty() && url.host_str().is_some_and(|host| host.ends_with(&suffix)));
        }
    }
}

/// A webhook's URL names a public address or a name, and a custom header has no line break.
fn receivers(text: &str) {
    let policy = AddressPolicy::default();
    match Target::parse(text, &policy) {
        Ok(target) => {
            assert!(target.is_https() && target.port() != 0);
            match target.host() {
                Host::Ipv4(address) => assert!(is_public((*address).into())),
                Host::Ipv6(address) => assert!(is_public((*address).into())),
                Host::Domain(name) => assert!(!name.eq_ignore_ascii_case("localhost")),
            }
            assert_eq!(Target::parse(target.as_str(), &policy).as_ref(), Ok(&target));
        }
        refused => assert!(refused.is_ok_or_says_why()),
    }
    match parse_line(text) {
        Ok((name, value)) => assert!(!name.is_empty() && !format!("{name}{value}").contains(['\r', '\n', '\0'])),
        refused => assert!(refused.is_ok_or_says_why()),
    }
}
