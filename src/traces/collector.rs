//! One POST to the operator's collector.

use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;

use crate::config::Otlp;
use crate::net::{AddressPolicy, Client, Method, Options, Request, Resolver};

/// Bytes of a response that are read.
const RESPONSE_BYTES_MAX: usize = 16 * 1024;
/// Statuses after which the same may go another time (the standard's list).
const PASSING: [u16; 4] = [429, 502, 503, 504];

/// Why spans were not taken.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub(super) struct Refusal {
    said: String,
    /// Whether they may be another time.
    pub(super) is_passing: bool,
}

/// The collector. It has connections of its own, which nothing else waits for.
pub(super) struct Collector {
    client: Client,
    otlp: Otlp,
}

impl Collector {
    pub(super) fn new(otlp: &Otlp) -> Self {
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
        Self { client, otlp: otlp.clone() }
    }

    /// What is sent of spans.
    pub(super) fn encode(spans: Vec<SpanData>, resource: &Resource) -> Bytes {
        let resource = ResourceAttributesWithSchema::from(resource);
        let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    }

    /// Posts a batch. Gives how many of its spans the collector would not have, and how long that took.
    pub(super) async fn post(&self, body: Bytes) -> Result<(u64, Duration), Refusal> {
        let mut headers = vec![
            ("content-type".to_owned(), "application/x-protobuf".to_owned()),
            ("user-agent".to_owned(), concat!("aurix/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        headers.extend(self.otlp.headers.iter().cloned());
        let request = Request {
            method: Method::POST,
            url: self.otlp.url.clone(),
            headers,
            body,
            timeout: self.otlp.timeout,
            response_bytes_max: RESPONSE_BYTES_MAX,
        };
        match self.client.send(request).await {
            Ok(response) if (200..300).contains(&response.status) => {
                let said = ExportTraceServiceResponse::decode(response.body).unwrap_or_default();
                let rejected = said.partial_success.map_or(0, |partial| partial.rejected_spans);
                Ok((u64::try_from(rejected).unwrap_or(0), response.duration))
            }
            Ok(response) => Err(Refusal {
                said: format!("it answers {}", response.status),
                is_passing: PASSING.contains(&response.status),
            }),
            Err(error) => Err(Refusal { said: error.to_string(), is_passing: true }),
        }
    }
}

/// Whether a collector takes traces: it is sent a batch without spans. Gives how long it took, or why it does not.
pub async fn check(otlp: &Otlp) -> Result<Duration, String> {
    let posted = Collector::new(otlp).post(Bytes::new()).await;
    posted.map(|(_, took)| took).map_err(|refusal| refusal.to_string())
}
