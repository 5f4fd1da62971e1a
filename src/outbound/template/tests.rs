//! What templates make, what they may not do, and that neither strangers' texts nor their owners can do harm with them.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// A stranger's name that is JSON of its own.
const HOSTILE: &str = r#"","admin":true,"x":""#;

fn event(lead: &Json) -> Variables {
    let body = json!({"event": "lead.created", "created_at": "2026-01-31T10:00:00.000Z", "lead": lead});
    Variables::of("evt_7", &body.to_string()).expect("an object")
}

fn render(template: &str, lead: &Json) -> Result<String, TemplateError> {
    Template::read(template)?.render(&event(lead))
}

fn made(template: &str, lead: &Json) -> Json {
    let body = render(template, lead).unwrap_or_else(|error| panic!("{template}: {error}"));
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{template}: {body}: {error}"))
}

fn refused(template: &str) -> String {
    Template::read(template).map(|_| ()).expect_err(template).to_string()
}

#[test]
fn a_template_shapes_an_event() {
    let lead =
        json!({"name": "Mei Tan", "phone": "+6581234567", "email": null, "tags": ["a", "b"], "size": 3, "vip": true});
    let check = |template: &str, expected: Json| assert_eq!(made(template, &lead), expected, "{template}");
    check(r#"{"n": {{ lead.name }}, "e": {{ lead.email }}}"#, json!({"n": "Mei Tan", "e": null}));
    check(r#"{"t": "New lead: {{ lead.name }}, {{ lead.email }}!"}"#, json!({"t": "New lead: Mei Tan, !"}));
    check(r#"{"t": {{ "New: " ~ lead.name ~ lead.email }}}"#, json!({"t": "New: Mei Tan"}));
    check(
        r#"[{{ lead.size }}, {{ lead.vip }}, {{ lead.tags }}, "{{ lead.size }}"]"#,
        json!([3, true, ["a", "b"], "3"]),
    );
    check(
        r#"[{% for tag in lead.tags %}{{ tag|upper }}{% if not loop.last %}, {% endif %}{% endfor %}]"#,
        json!(["A", "B"]),
    );
    check(r#"{{ {"n": lead.name, "e": lead.email, "d": {"x": lead.email}}|compact }}"#, json!({"n": "Mei Tan"}));
    check(r#"{% set first = lead.name|split(" ")|first %}{"first": {{ first }}}"#, json!({"first": "Mei"}));
    check(r#"[{{ lead.email|default("none") }}, {{ lead.email or lead.phone }}]"#, json!(["none", "+6581234567"]));
    check(r#"{% if event == "lead.created" %}["{{ event }}"]{% else %}[]{% endif %}"#, json!(["lead.created"]));
    check(r#"["{{ event_id }}", {{ timestamp }}]"#, json!(["evt_7", "2026-01-31T10:00:00.000Z"]));
    check(
        r#"{"raw": {{ lead.tags|tojson }}, "text": "{{ lead.tags|tojson }}"}"#,
        json!({"raw": ["a", "b"], "text": "[\"a\",\"b\"]"}),
    );
    check(
        r#"[{{ "yes" if lead.vip else "no" }}, {{ lead.email is none }}, {{ lead.name is defined }}]"#,
        json!(["yes", true, true]),
    );
    check(r#"[{{ lead["name"] }}, {{ lead.name[:3] }}, {{ "Mei" in lead.name }}]"#, json!(["Mei Tan", "Mei", true]));
}

#[test]
fn filters_do_what_they_say() {
    let lead =
        json!({"name": " Mei <Tan> ", "phone": "+65 8123", "none": null, "size": "12", "list": ["b", null, "a"]});
    let check = |expression: &str, expected: Json| {
        assert_eq!(made(&format!("[{{{{ {expression} }}}}]"), &lead), json!([expected]), "{expression}");
    };
    check("lead.name|trim|lower", json!("mei <tan>"));
    check("lead.name|trim|escape", json!("Mei &lt;Tan&gt;"));
    check("lead.name|trim|truncate(5)", json!("Mei…"));
    check("lead.name|trim|truncate(9)", json!("Mei <Tan>"));
    check("lead.phone|digits", json!("658123"));
    check(r#"lead.phone|replace(" ", "-")"#, json!("+65-8123"));
    check(r#"lead.list|join(", ")"#, json!("b, a"));
    check("[lead.size|int, lead.none|int, lead.phone|int, 7.9|int]", json!([12, null, null, 7]));
    check("[lead.name|length, lead.list|length, lead.none|length]", json!([11, 3, 0]));
    check("[lead.list|first, lead.list|last, lead.none|first]", json!(["b", "a", null]));
    check("{\"a\": {\"b\": 1}}|items", json!([["a", {"b": 1}]]));
    check("[lead.list, lead.none, \"\", {}]|compact", json!([["b", "a"]]));
    check("(7|string) ~ (lead.list|tojson)", json!("7[\"b\",null,\"a\"]"));
    for filter in FILTERS.iter().filter(|filter| filter.arguments == (0, 0) && filter.name != "length") {
        let of_none = made(&format!("[{{{{ lead.none|{} }}}}]", filter.name), &lead);
        assert!(of_none == json!([null]) || of_none == json!([[]]), "{}: {of_none}", filter.name);
    }
}

#[test]
fn a_strangers_text_stays_a_text_wherever_it_stands() {
    for hostile in [
        HOSTILE,
        r#"","#,
        ",1,",
        "\\",
        "\\\"",
        "\u{1}\"x\"\u{2}",
        "{{ lead.phone }}",
        "</script>",
        "\n\u{0}\u{7f}",
        "null",
    ] {
        let lead = json!({"name": hostile, "other": hostile});
        let check =
            |template: &str, expected: Json| assert_eq!(made(template, &lead), expected, "{template} {hostile:?}");
        check(r#"{"name": {{ lead.name }}}"#, json!({"name": hostile}));
        check(r#"{"name": "{{ lead.name }}"}"#, json!({"name": hostile}));
        check(r#"["{{ lead.name }}", {{ lead.name }}]"#, json!([hostile, hostile]));
        check(r#"{"t": "a\"{{ lead.name }}\\{{ lead.other }}"}"#, json!({"t": format!("a\"{hostile}\\{hostile}")}));
        check(r#"{ {{ lead.name }}: 1}"#, json!({hostile: 1}));
        check(r#"{"t": {{ "x" ~ lead.name }}}"#, json!({"t": format!("x{hostile}")}));
        check(r#"{"t": {{ lead }}}"#, json!({"t": lead}));
        check(r#"{"t": {{ lead.name|tojson }}}"#, json!({"t": hostile}));
        check(r#"{% set n = lead.name %}{"t": "{{ n }}"}"#, json!({"t": hostile}));
    }
    // What is neither within quotes nor a value of its own is no JSON, whatever it is.
    for name in ["x", HOSTILE, ",1,"] {
        assert!(matches!(
            render(r#"{"a": 1{{ lead.name }}}"#, &json!({"name": name})),
            Err(TemplateError::Json { .. })
        ));
        assert!(render(r#"["\{{ lead.name }}"]"#, &json!({"name": name})).is_err());
    }
}

proptest! {
    #[test]
    fn whatever_a_stranger_writes_the_shape_stays(name in any::<String>(), other in "[\"\\\\,:{}\\[\\]\u{1}\u{2}n0/ ]{0,12}") {
        let template = r#"{"a": {{ lead.name }}, "b": "<{{ lead.name }}|{{ lead.other }}>", "c": [{{ lead.other }}, "{{ lead }}"]}"#;
        let lead = json!({"name": name, "other": other});
        let whole: Json = made(template, &lead);
        let text = whole["c"][1].as_str().unwrap_or_default();
        prop_assert_eq!(serde_json::from_str::<Json>(text).ok(), Some(lead.clone()));
        prop_assert_eq!(&whole, &json!({"a": name, "b": format!("<{name}|{other}>"), "c": [other, text]}));
    }

    #[test]
    fn whatever_an_owner_writes_ends_with_a_body_or_a_word(
        parts in proptest::collection::vec(prop::sample::select(SOUP), 0..24),
    ) {
        let template = parts.concat();
        if let Ok(template) = Template::read(&template)
            && let Ok(body) = template.render(&event(&json!({"name": "Mei", "list": [1, [2], {"a": null}]})))
        {
            prop_assert!(serde_json::from_str::<Json>(&body).is_ok(), "{}", body);
        }
    }
}

/// What templates are made of.
const SOUP: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "1",
    " ",
    "\n",
    "{{ lead }}",
    "{{ lead.name }}",
    "\"{{ lead.list }}\"",
    "{{",
    "}}",
    "{%",
    "%}",
    "{% for x in lead.list %}",
    "{% endfor %}",
    "{% if lead %}",
    "{% else %}",
    "{% endif %}",
    "{% set a = ",
    "a",
    "~",
    "|compact",
    "|items",
    "|first",
    "|join(\",\")",
    "|split(\"e\")",
    "|tojson",
    "lead",
    ".name",
    "[0]",
    "[:2]",
    "(",
    ")",
    "not ",
    " or ",
    " if ",
    " is none",
    "{# ",
    " #}",
    "{% raw %}",
    "{% endraw %}",
    "x",
    "-",
    "'",
    "é",
];

#[test]
fn a_mistake_in_a_template_is_named_with_its_place() {
    assert_eq!(
        refused("{\n  \"a\": {{ lead.name }\n}"),
        "line 2, column 21 of the template: unexpected `}`, expected end of variable block"
    );
    assert_eq!(
        refused("[\n{% if lead %}x"),
        "line 2, column 14 of the template: unexpected end of input, expected end of block"
    );
    assert_eq!(
        refused("[]{{ é }}\u{7}"),
        "line 1, column 10 of the template: a control character stands here: remove it"
    );
    assert!(
        refused("[{{ lead.name|upcase }}]")
            .contains("column 15 of the template: there is no filter `upcase`: there are default,")
    );
    assert_eq!(refused(" \n"), "the template is empty");
    assert_eq!(refused(&"[1] ".repeat(5_000)), "the template is longer than 16 KiB");
    let failed = |template: &str| render(template, &json!({"name": "Mei"})).expect_err(template).to_string();
    assert_eq!(failed("[\n{{ lead|join(1) }}]"), "line 2, column 9 of the template: `join` wants a list");
    assert!(failed("[1\n{% for a in 5 %}{% endfor %}]").starts_with("line 2, column 13 of the template: "));
    assert!(
        failed("{\"a\": 1\n \"b\": 2}").starts_with("line 2, column 2 of the result is not valid JSON: expected `,`")
    );
}

#[test]
fn what_could_grow_uncounted_or_reach_further_is_refused() {
    for (template, why) in [
        ("{{ [1] * 100000 }}", "arithmetic"),
        ("{{ 2 ** 9 }}", "arithmetic"),
        ("{{ lead.a + lead.b }}", "joined with ~"),
        ("{{ range(9) }}", "nothing can be called"),
        ("{{ lead.name.upper() }}", "nothing can be called"),
        ("{{ namespace(a=1) }}", "nothing can be called"),
        ("{% set a = [a, a] %}", "cannot get a name"),
        ("{% set a = {\"x\": a, \"y\": a}|compact %}", "cannot get a name"),
        ("{% set a = lead or [a, a] %}", "cannot get a name"),
        ("{% set a = 1 if lead else [a, a] %}", "cannot get a name"),
        ("{% set a = [a, a][0:] %}", "cannot get a name"),
        ("{% set a = lead|default([a, a]) %}", "cannot get a name"),
        ("{% for a in [[lead, lead]] %}{% endfor %}", "cannot get a name"),
        ("{% set a = lead.name[::2] %}", "has no step"),
        ("{% set lead.x = 1 %}", "only a name"),
        ("{% for a in lead recursive %}{% endfor %}", "recursive"),
        ("{% set a %}x{% endset %}", "a block cannot be kept"),
        ("{% filter upper %}x{% endfilter %}", "there is no {% filter %}"),
        ("{% autoescape 'html' %}x{% endautoescape %}", "there is no {% autoescape %}"),
        ("{% with a = 1 %}{% endwith %}", "there is no {% with %}"),
        ("{% do lead() %}", "there is no {% do %}"),
        ("{% include 'x' %}", "unknown statement include"),
        ("{% extends 'x' %}", "unknown statement extends"),
        ("{% import 'x' as y %}", "unknown statement import"),
        ("{% macro a() %}{% endmacro %}", "unknown statement macro"),
        ("{% block a %}{% endblock %}", "unknown statement block"),
        ("{{ lead.name|safe }}", "there is no filter `safe`"),
        ("{{ lead.name|e }}", "there is no filter `e`"),
        ("{{ lead is safe }}", "there is no test"),
        ("{{ lead.name|truncate }}", "is written as"),
        ("{{ lead.name|truncate(most=3) }}", "is written as"),
        ("{{ lead.name|truncate(*lead) }}", "is written as"),
        ("{{ lead.name == none }}", "is none"),
        ("{{ none != lead.name }}", "is none"),
    ] {
        let said = refused(template);
        assert!(said.contains(why), "{template}: {said}");
    }
    for fine in [
        "{% set a = lead.name ~ lead.phone %}[]",
        "{% set a = [lead.name, lead.phone]|join(\" \") %}[]",
        "{% set a = [1, 2] %}[{{ a }}]",
        "{% for name, value in lead|items if value %}{% endfor %}[]",
        "[{{ lead.channel in [\"web\", \"telegram\"] }}]",
    ] {
        assert!(Template::read(fine).is_ok(), "{fine}: {}", refused(fine));
    }
}

#[test]
fn the_fields_that_a_template_names_are_known() {
    let template = Template::read(
        "{% set a = lead.name %}{% for k, v in data.lead_data|items %}{{ k }}{{ v.x }}{{ loop.index }}{% endfor %}[{{ a }}, {{ lead[\"e\"] }}, {{ timestamp if event }}]",
    );
    assert_eq!(template.expect("a template").names(), ["data.lead_data", "event", "lead.e", "lead.name", "timestamp"]);
}

/// Each is as long as a template may be.
#[test]
fn nothing_that_can_be_written_is_nested_too_deeply_to_be_read() {
    let pairs = |open: &str, close: &str| {
        let times = TEMPLATE_BYTES_MAX / (open.len() + close.len()) - 2;
        format!("{}{}", open.repeat(times), close.repeat(times))
    };
    let chain = |begin: &str, link: &str, end: &str| {
        let times = (TEMPLATE_BYTES_MAX - begin.len() - end.len()) / link.len();
        format!("{begin}{}{end}", link.repeat(times))
    };
    for template in [
        chain("{{ x", ".x", " }}"),
        chain("{{ x", "[0]", " }}"),
        chain("{{ x", "()", " }}"),
        chain("{{ x", "|int", " }}"),
        chain("{{ x", "~x", " }}"),
        chain("{{ x", "+x", " }}"),
        chain("{{ x", " or x", " }}"),
        chain("{{ x", " is none", " }}"),
        chain("{{ x", " if x else x", " }}"),
        chain("{{ ", "-", "x }}"),
        chain("{{ ", "not ", "x }}"),
        chain("{{ ", "(", ""),
        chain("{{ ", "[", ""),
        chain("{{ ", "{1:", ""),
        chain("{% for ", "(", "a"),
        chain("{% if x %}", "{% elif x %}", "{% endif %}"),
        pairs("{% if x %}", "{% endif %}"),
        pairs("{% for a in x %}", "{% endfor %}"),
        chain("[", "{% set x = x ~ x %}", "]"),
    ] {
        let read = Template::read(&template);
        let outcome = read.and_then(|template| template.render(&event(&json!({"name": "Mei"}))));
        assert!(
            outcome.is_err() || template.starts_with("{% if x %}") || template.starts_with("[{%"),
            "{template:.40}"
        );
    }
}

#[test]
fn work_has_a_limit() {
    let fields: serde_json::Map<String, Json> =
        (0..300).map(|n| (format!("field {n}"), json!("x".repeat(200)))).collect();
    let lead = json!({"name": "x".repeat(4_000), "many": fields});
    let nested = |depth: usize| {
        let begin: String = (0..depth).map(|n| format!("{{% for a{n} in lead.many|items %}}")).collect();
        format!("[{begin}{{{{ lead.name }}}},{}1]", "{% endfor %}".repeat(depth))
    };
    let doubled = |times: usize, then: &str| {
        format!("{}[{then}]", "{% set name = (name or lead.name) ~ (name or lead.name) %}".repeat(times))
    };
    let mut slowest = (std::time::Duration::ZERO, String::new());
    for template in [
        nested(1),
        nested(2),
        doubled(20, "{{ name }}"),
        doubled(6, "{% for a in lead.many %}{% if name|upper == name|lower %}{% endif %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if \"y\" in name %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if name[120000] %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if name[-2:] %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if name|length %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if name|last %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if name == name ~ 1 %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% set other = name ~ 1 %}{% for a in lead.many %}{% for b in lead.many %}{% if name == other %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% set other = name ~ 1 %}{% for a in lead.many %}{% for b in lead.many %}{% if {name: 1}[other] %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% if lead.many[name] %}{% endif %}{% endfor %}{% endfor %}"),
        doubled(4, "{% for a in lead.many %}{% for b in lead.many %}{% for c in name %}{% endfor %}{% endfor %}{% endfor %}"),
        doubled(6, "{{ name|split(\"x\")|join(lead.name) }}"),
        doubled(6, "{{ name|replace(\"x\", name) }}"),
        "[{% for a in lead.many %}{{ lead }},{% endfor %}1]".to_owned(),
        format!("[{}1]", "{{ lead.many }},".repeat(900)),
        format!("{{{{ [{}] }}}}", "lead.many,".repeat(1_600)),
        format!("[{{{{ [{}]|compact|tojson|length }}}}]", "lead.many,".repeat(1_600)),
        "[{% for a in lead.many %}{% for b in lead.many %}{% if lead.many == lead.many %}{% endif %}{% endfor %}{% endfor %}]".to_owned(),
        "[{% for a in lead.many %}{{ (lead.many|items|length) ~ (lead.many|compact|length) }},{% endfor %}1]".to_owned(),
    ] {
        #[expect(clippy::disallowed_methods, reason = "the bound is a time")]
        let begins = std::time::Instant::now();
        let ended = Template::read(&template).and_then(|template| template.render(&event(&lead)));
        let took = begins.elapsed();
        slowest = slowest.max((took, format!("{template:.60}")));
        match ended {
            Ok(body) => assert!(body.len() <= BODY_BYTES_MAX),
            Err(TemplateError::TooMuchWork | TemplateError::TooLarge) => {}
            Err(TemplateError::Template { what, .. }) if what.starts_with("this") => {}
            Err(error) => panic!("{template:.140}: {error}"),
        }
    }
    println!("figure: the most that a hostile template takes: {:?}, {}", slowest.0, slowest.1);
}
