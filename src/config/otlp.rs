//! Where traces go: a collector that takes OTLP by HTTP. The setting is Aurix's own; besides it the names of the OpenTelemetry standard
//! count, which are set for many programs at once, and what they say must be something that Aurix can do.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::{InvalidSetting, Settings, given};
use crate::net::{AddressPolicy, Target};

/// Where the collector takes traces, below its address.
const PATH: &str = "/v1/traces";
/// The standard's own names for the endpoint: the whole address for traces, and the beginning of it for all that is sent.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
/// The samplers that the SDK has; it takes everything where it is told of another.
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];
/// What a request may take where nothing is said, and at most.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// A collector of traces.
#[derive(Clone)]
pub struct Otlp {
    /// Where batches are posted to, whole.
    pub url: String,
    /// What each request has besides: credentials, mostly.
    pub headers: Vec<(String, String)>,
    /// For one request.
    pub timeout: Duration,
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

impl Otlp {
    /// A collector at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new(), timeout: TIMEOUT_DEFAULT }
    }

    /// Scheme, host and port: what a log may show.
    pub fn origin(&self) -> String {
        url::Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

/// The collector, where one is named.
pub(super) fn otlp(settings: &Settings) -> Result<Option<Otlp>, InvalidSetting> {
    collector(settings.otlp_endpoint.as_deref(), variable)
}

#[expect(clippy::disallowed_methods, reason = "the standard's names are no flags of Aurix")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// [`otlp`] of the setting and of what the standard's names are set to.
pub(super) fn collector(
    own: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Otlp>, InvalidSetting> {
    let said = |name: &'static str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, said(name)?)));
    let is = |name, value: &str| said(name).is_some_and(|text| text.eq_ignore_ascii_case(value));
    if given(own).is_some() && !cfg!(feature = "otlp") {
        let problem = "this program was built without traces: use a package, or build it with `--features otlp`";
        return Err(wrong("AURIX_OTLP_ENDPOINT", problem));
    }
    if is("OTEL_SDK_DISABLED", "true") {
        return Ok(None);
    }
    let (setting, url) = match (given(own), first(ENDPOINTS)) {
        (Some(url), _) => ("AURIX_OTLP_ENDPOINT", below(url)),
        (None, _) if is("OTEL_TRACES_EXPORTER", "none") => return Ok(None),
        (None, Some((name, url))) => (name, if name == ENDPOINTS[0] { url } else { below(&url) }),
        (None, None) => return Ok(None),
    };
    if given(own).is_none()
        && let Some((name, protocol)) = first(PROTOCOLS)
        && protocol != "http/protobuf"
    {
        let problem =
            format!("{protocol:?} is not what Aurix sends: set AURIX_OTLP_ENDPOINT to where http/protobuf is taken");
        return Err(wrong(name, &problem));
    }
    Target::parse(&url, &AddressPolicy::trusted())
        .map_err(|error| wrong(setting, &format!("{error}: write it like http://localhost:4318")))?;
    let headers = first(HEADERS).map(|(name, text)| headers(&text).map_err(|problem| wrong(name, &problem)));
    let timeout = first(TIMEOUTS).map(|(name, text)| timeout(&text).map_err(|problem| wrong(name, &problem)));
    check_sampler(said("OTEL_TRACES_SAMPLER"), said("OTEL_TRACES_SAMPLER_ARG"))?;
    Ok(Some(Otlp {
        url,
        headers: headers.transpose()?.unwrap_or_default(),
        timeout: timeout.transpose()?.unwrap_or(TIMEOUT_DEFAULT),
    }))
}

fn wrong(setting: &'static str, problem: &str) -> InvalidSetting {
    InvalidSetting { setting, problem: problem.replace(['\r', '\n'], " ") }
}

/// The address for traces below a collector's; one that names it already stays what it is.
fn below(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    if endpoint.ends_with(PATH) { endpoint.to_owned() } else { format!("{endpoint}{PATH}") }
}

/// `name=value` pairs, separated by commas, the values percent-encoded.
fn headers(text: &str) -> Result<Vec<(String, String)>, String> {
    // What is wrong with one is not shown: it may be a key.
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?.into_owned();
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        HeaderValue::from_str(&value).ok()?;
        Some((name.as_str().to_owned(), value))
    };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| header(pair).ok_or_else(|| "is no list of headers: write name=value,name=value".to_owned()))
        .collect()
}

fn timeout(text: &str) -> Result<Duration, String> {
    let ms = text.parse().ok().filter(|ms| *ms > 0);
    let ms = ms.ok_or_else(|| format!("{text:?} is no number of milliseconds"))?;
    Ok(Duration::from_millis(ms).min(TIMEOUT_MAX))
}

/// The SDK reads the sampler itself, and says nothing where it cannot.
fn check_sampler(sampler: Option<String>, argument: Option<String>) -> Result<(), InvalidSetting> {
    let Some(sampler) = sampler else { return Ok(()) };
    if !SAMPLERS.contains(&sampler.as_str()) {
        let problem = format!("{sampler:?} is none of {}", SAMPLERS.join(", "));
        return Err(wrong("OTEL_TRACES_SAMPLER", &problem));
    }
    let ratio = argument.as_deref().and_then(|text| text.parse::<f64>().ok());
    if sampler.ends_with("traceidratio") && !ratio.is_some_and(|ratio| (0.0..=1.0).contains(&ratio)) {
        return Err(wrong("OTEL_TRACES_SAMPLER_ARG", "has to be a number from 0 to 1 beside OTEL_TRACES_SAMPLER"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The collector of a setting, where the standard's names are set so.
    fn found(own: &str, set: &[(&str, &str)]) -> Result<Option<Otlp>, InvalidSetting> {
        let set: Vec<(String, String)> =
            set.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        collector(Some(own), |name| set.iter().find(|(set, _)| set == name).map(|(_, text)| text.clone()))
    }

    fn url(own: &str, set: &[(&str, &str)]) -> Option<String> {
        found(own, set).expect("valid").map(|otlp| otlp.url)
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn the_setting_of_aurix_goes_before_the_standards_names() {
        let set = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert_eq!(url("https://b.example", &set).as_deref(), Some("https://b.example/v1/traces"));
        assert_eq!(url("http://b:4318/v1/traces/", &[]).as_deref(), Some("http://b:4318/v1/traces"));
        assert_eq!(url("http://b:4318/otlp", &[]).as_deref(), Some("http://b:4318/otlp/v1/traces"));
        assert_eq!(url("http://b:4318", &[("OTEL_SDK_DISABLED", "True")]), None);
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_program_without_traces_says_so() {
        let error = found("http://a:4318", &[]).expect_err("built without");
        assert!(error.to_string().contains("AURIX_OTLP_ENDPOINT: this program was built without traces"), "{error}");
    }

    #[test]
    fn the_standards_names_are_enough() {
        assert_eq!(url("", &[]), None);
        let of_all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
        assert_eq!(url("", &[of_all]).as_deref(), Some("http://a:4318/v1/traces"));
        let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:4318/in");
        assert_eq!(url("", &[of_all, of_traces]).as_deref(), Some("http://t:4318/in"));
        assert_eq!(url("", &[of_all, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert_eq!(url("", &[of_all, ("OTEL_SDK_DISABLED", "true")]), None);
        let set = [
            of_all,
            ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20aHVudGVyMg==, x-team = shop"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.1"),
        ];
        let otlp = found("", &set).expect("valid").expect("a collector");
        let headers: Vec<_> = otlp.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("authorization", "Basic aHVudGVyMg=="), ("x-team", "shop")]);
        assert_eq!((otlp.timeout, otlp.origin().as_str()), (Duration::from_millis(250), "http://a:4318"));
        assert!(!format!("{otlp:?}").contains("aHVudGVyMg"));
    }

    #[test]
    fn what_aurix_cannot_do_is_refused() {
        let of_all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
        for (name, text, part) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "a:4318", "write it like http://localhost:4318"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "\"grpc\" is not what Aurix sends"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2", "write name=value"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0a", "write name=value"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "\"10s\" is no number of milliseconds"),
            ("OTEL_TRACES_SAMPLER", "some", "\"some\" is none of always_on"),
            ("OTEL_TRACES_SAMPLER", "traceidratio", "has to be a number from 0 to 1"),
        ] {
            let error = found("", &[(name, text), of_all]).expect_err(name);
            let line = error.to_string();
            assert!(line.starts_with(name) && line.contains(part) && line.lines().count() == 1, "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
}
