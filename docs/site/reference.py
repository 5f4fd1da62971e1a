"""The API reference as Markdown, out of the OpenAPI document."""
import json


def escaped(text):
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")


def kind(schema, document):
    """A schema's type in words; a name of the document leads to its table."""
    # A schema that is `true` takes anything, one that is `false` nothing.
    if isinstance(schema, bool):
        return "anything" if schema else "nothing"
    if reference := schema.get("$ref"):
        name = reference.rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = dict.fromkeys(kind(one, document) for one in schema[word])
            return " or ".join(kinds)
    types = schema.get("type", "any")
    types = [types] if isinstance(types, str) else types
    if "array" in types and "items" in schema:
        return f"list of {kind(schema['items'], document)}" + (" or null" if "null" in types else "")
    named = " or ".join(types)
    return f"{named} ({schema['format']})" if "format" in schema and "string" in types else named


def table(head, rows):
    if not rows:
        return []
    return ["", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *("| " + " | ".join(row) + " |" for row in rows), ""]


def operation(method, path, item, parts, document):
    lines = [f"## {item['summary']}{' of a service' if '{service}' in path else ''}", "", f"`{method.upper()} {path}`", "",
             *(item.get("description") or "").splitlines()]
    parameters = [*parts.get("parameters", []), *item.get("parameters", [])]
    lines += table(["parameter", "in", "type", "meaning"], [
        [f"`{one['name']}`", one["in"], kind(one["schema"], document), escaped(one.get("description"))] for one in parameters
    ])
    if body := item.get("requestBody"):
        content, media = next(iter(body["content"].items()))
        lines += ["", f"**Body**: `{content}`, {kind(media.get('schema', {}), document)}", ""]
    rows = []
    for status, response in item["responses"].items():
        kinds = [f"{kind(media['schema'], document)} as `{name}`" for name, media in response.get("content", {}).items() if "schema" in media]
        rows.append([f"`{status}`", escaped(response.get("description")), ", ".join(kinds)])
    return lines + table(["status", "when", "body"], rows)


def shape(name, schema, document):
    lines = [f"### {name}", "", *(schema.get("description") or "").splitlines()]
    rows = [
        [f"`{field}`", kind(of, document), "yes" if field in schema.get("required", []) else "", escaped(of.get("description"))]
        for field, of in schema.get("properties", {}).items()
    ]
    if not rows:
        lines += ["", kind(schema, document)]
    return lines + table(["field", "type", "required", "meaning"], rows)


def markdown(path):
    document = json.loads(path.read_text())
    lines = [
        "# API reference", "",
        "What `/openapi.json` of every server says, as a page. [Partner API](api.md) and [management API](management.md) explain it with examples.", "",
        *document["info"]["description"].splitlines(),
    ]
    for path_, parts in document["paths"].items():
        for method, item in parts.items():
            if method in {"get", "put", "post", "patch", "delete"}:
                lines += ["", *operation(method, path_, item, parts, document)]
    lines += ["", "## Events", "", "What webhooks get; the schemas are at `/schemas/events/`, a file for each type.", ""]
    for name, item in document["webhooks"].items():
        example = item["post"]["requestBody"]["content"]["application/json"]["example"]
        lines += ["", f"### {name}", "", "```json", json.dumps(example, indent=2, ensure_ascii=False), "```"]
    lines += ["", "## Shapes"]
    for name, schema in document["components"]["schemas"].items():
        lines += ["", *shape(name, schema, document)]
    return "\n".join(lines) + "\n"
