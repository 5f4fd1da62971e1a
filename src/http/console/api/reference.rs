//! `/p/{project}/api/reference`: the partner API, from its OpenAPI document, with this server's address and a key of this project.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use crate::engines::Engines;
use crate::http::console::frame::Frame;
use crate::http::console::view::page;
use crate::http::console::who::Member;
use crate::http::error::Result;
use crate::http::routes::Routes;
use crate::store::keys;

/// Keys that are looked at for one that is in use.
const KEYS_MAX: u32 = 100;
/// How deep the fields of an answer are listed.
const DEPTH_MAX: usize = 3;
/// What an example says where the project has no key.
const NO_KEY: &str = "YOUR_KEY";

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/api/reference", show)
}

/// The document, parsed once.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_slice(&crate::http::document()).unwrap_or_default());

#[derive(Template)]
#[template(path = "api/reference.html")]
struct ReferencePage {
    frame: Frame,
    description: String,
    base_url: String,
    key: String,
    operations: Vec<Operation>,
}

/// One call.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<String>,
    parameters: Vec<Field>,
    body: Vec<Field>,
    examples: Vec<(&'static str, String)>,
    answers: Vec<Answer>,
}

/// A parameter, or a field of a body.
struct Field {
    name: String,
    kind: String,
    required: bool,
    description: String,
}

/// An answer by its status.
struct Answer {
    status: String,
    description: String,
    fields: Vec<Field>,
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    let project = member.project.id;
    let own = engines.core.db.read(async move |conn| Ok(keys::list(conn, project, KEYS_MAX).await?)).await?;
    let key = own.iter().rev().find(|key| key.revoked_at.is_none());
    let shown = key.map_or_else(|| NO_KEY.to_owned(), |key| format!("{}…", key.prefix));
    let service = key.map_or("external", |key| key.service_name.as_str());
    let base_url = engines.core.config.base_url.clone();
    page(&ReferencePage {
        frame: Frame::of_member(&engines.core, &member, "api").await?,
        description: text(&DOCUMENT["info"]["description"]).split("\n\n").next().unwrap_or_default().to_owned(),
        operations: operations(&DOCUMENT, &base_url, &shown, service),
        base_url,
        key: shown,
    })
}

/// The calls on the paths that this key is used on.
fn operations(document: &Value, base_url: &str, key: &str, service: &str) -> Vec<Operation> {
    let family = if service == "external" { "/integrations/external/" } else { "/integrations/{service}/" };
    let mut operations = Vec::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, item) in paths.filter(|(path, _)| path.starts_with(family)) {
        let path = path.replace("{service}", service);
        let methods = ["get", "put", "post", "delete"].into_iter();
        for (method, call) in methods.filter_map(|method| Some((method, item.get(method)?))) {
            let request = Request { method: method.to_uppercase(), url: format!("{base_url}{path}"), key, body: None };
            operations.push(operation(document, request, &path, call));
        }
    }
    operations
}

/// What an example sends.
struct Request<'a> {
    method: String,
    url: String,
    key: &'a str,
    body: Option<String>,
}

fn operation(document: &Value, mut request: Request<'_>, path: &str, call: &Value) -> Operation {
    let schema = &call["requestBody"]["content"]["application/json"]["schema"];
    let body = fields(document, schema, "", 0);
    if !body.is_empty() {
        let example = |field: &Field| (field.name.clone(), Value::from(example(document, schema, &field.name)));
        request.body = Some(Value::Object(body.iter().map(example).collect::<Map<_, _>>()).to_string());
    }
    let parameter = |parameter: &Value| Field {
        name: text(&parameter["name"]),
        kind: kind(document, &parameter["schema"]),
        required: parameter["required"].as_bool().unwrap_or(false),
        description: text(&parameter["description"]),
    };
    let answer = |(status, answer): (&String, &Value)| Answer {
        status: status.clone(),
        description: text(&answer["description"]),
        fields: if status.starts_with('2') {
            fields(document, &answer["content"]["application/json"]["schema"], "", 0)
        } else {
            Vec::new()
        },
    };
    Operation {
        id: text(&call["operationId"]),
        path: path.to_owned(),
        summary: text(&call["summary"]),
        description: text(&call["description"])
            .split("\n\n")
            .map(str::to_owned)
            .filter(|line| !line.is_empty())
            .collect(),
        parameters: call["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        body,
        examples: request.examples(),
        answers: call["responses"].as_object().into_iter().flatten().map(answer).collect(),
        method: request.method,
    }
}

impl Request<'_> {
    fn examples(&self) -> Vec<(&'static str, String)> {
        let Self { method, url, key, body } = self;
        let curl_body = body.as_ref().map(|body| format!(" \\\n  -H 'Content-Type: application/json' -d '{body}'"));
        let curl =
            format!("curl -X {method} {url} \\\n  -H 'Authorization: Bearer {key}'{}", curl_body.unwrap_or_default());
        let python_body = body.as_ref().map(|body| format!(", json={body}")).unwrap_or_default();
        let python = format!(
            "import requests\n\nanswer = requests.request(\"{method}\", \"{url}\",\n    headers={{\"Authorization\": \"Bearer \
             {key}\"}}{python_body}, timeout=30)\nanswer.raise_for_status()\nprint(answer.text)"
        );
        let node_body = body.as_ref().map(|body| format!("  body: JSON.stringify({body}),\n")).unwrap_or_default();
        let node_type = if body.is_some() { ", \"Content-Type\": \"application/json\"" } else { "" };
        let node = format!(
            "const answer = await fetch(\"{url}\", {{\n  method: \"{method}\",\n  headers: {{ Authorization: \"Bearer \
             {key}\"{node_type} }},\n{node_body}}});\nif (!answer.ok) throw new Error(await answer.text());\n\
             console.log(await answer.text());"
        );
        vec![("curl", curl), ("Python", python), ("Node", node)]
    }
}

/// The fields of an object, those inside of it with dots.
fn fields(document: &Value, schema: &Value, prefix: &str, depth: usize) -> Vec<Field> {
    let schema = resolve(document, schema);
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut found: Vec<Field> = parts.flat_map(|part| fields(document, part, prefix, depth)).collect();
    if let Some(items) = schema.get("items") {
        found.extend(fields(document, items, &format!("{}[].", prefix.trim_end_matches('.')), depth + 1));
    }
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let own = resolve(document, inner);
        let description =
            [&inner["description"], &own["description"]].into_iter().map(text).find(|text| !text.is_empty());
        found.push(Field {
            name: format!("{prefix}{name}"),
            kind: kind(document, inner),
            required: required(name),
            description: description.unwrap_or_default(),
        });
        found.extend(fields(document, inner, &format!("{prefix}{name}."), depth + 1));
    }
    found
}

/// The type of a value, in words.
fn kind(document: &Value, schema: &Value) -> String {
    let schema = resolve(document, schema);
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => return if schema.get("properties").is_some() { "object".to_owned() } else { "value".to_owned() },
    };
    match schema["format"].as_str() {
        Some(format) => format!("{name} ({format})"),
        None => name,
    }
}

fn example(document: &Value, schema: &Value, field: &str) -> String {
    let property = &resolve(document, schema)["properties"][field];
    let first = property["examples"].as_array().and_then(|all| all.first());
    text(first.unwrap_or(&property["example"]))
}

/// What a reference stands for.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        Some(path) => document.pointer(path).unwrap_or(schema),
        None => schema,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_the_family_is_there_with_its_words() {
        let operations = operations(&DOCUMENT, "https://aurix.example", "aurix_key_ab…", "topkee");
        let paths: Vec<_> = operations.iter().map(|one| format!("{} {}", one.method, one.path)).collect();
        assert!(paths.contains(&"GET /integrations/topkee/leads".to_owned()), "{paths:?}");
        assert!(paths.contains(&"POST /integrations/topkee/webhook-config/test".to_owned()), "{paths:?}");
        assert_eq!(operations.len(), 7, "{paths:?}");
        for one in &operations {
            assert!(!one.summary.is_empty() && !one.id.is_empty() && !one.answers.is_empty(), "{}", one.path);
        }
        let put = operations.iter().find(|one| one.method == "PUT").expect("put");
        let body: Vec<_> =
            put.body.iter().map(|field| (field.name.as_str(), field.kind.as_str(), field.required)).collect();
        assert_eq!(body, [("url", "string (uri)", true)]);
        let curl = "curl -X PUT https://aurix.example/integrations/topkee/webhook-config \\\n  -H 'Authorization: Bearer aurix_key_ab…' \
                    \\\n  -H 'Content-Type: application/json' -d '{\"url\":\"https://your-backend.example/webhooks/aurix\"}'";
        assert_eq!(put.examples[0], ("curl", curl.to_owned()));
    }
}
