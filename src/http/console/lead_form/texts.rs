//! `/p/{project}/form/texts`: what the form says in another language, and the agent's own sentences, one language at a time.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::current_form;
use crate::agent::{SpokenLanguage, read_form, sentences, spoken_languages};
use crate::domain::account::Permission;
use crate::domain::form::{Field, Form as LeadForm, Texts};
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::projects::set_form::set_form;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/form/texts", show).post("/p/{project}/form/texts", change)
}

#[derive(Template)]
#[template(path = "lead_form/texts.html")]
struct TextsPage {
    frame: Frame,
    mistakes: Mistakes,
    form: LeadForm,
    languages: Vec<SpokenLanguage>,
    language: SpokenLanguage,
    texts: Texts,
    sentences: Vec<(&'static str, &'static str)>,
}

impl TextsPage {
    /// Whether the language is the form's own, whose texts stand in the form.
    fn is_own(&self) -> bool {
        self.form.language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(self.language.code))
    }

    fn has_texts(&self, language: &SpokenLanguage) -> bool {
        self.form.texts.contains_key(language.code)
    }

    /// What is said where there is no text: the form's own, or the agent's in the language.
    fn greeting_else(&self) -> &str {
        if self.form.has_own_greeting() { &self.form.greeting } else { self.of_agent("greeting") }
    }

    fn closing_else(&self) -> &str {
        if self.form.has_own_closing() { &self.form.closing } else { self.of_agent("closing") }
    }

    fn question_else<'a>(&'a self, field: &'a Field) -> &'a str {
        let of_agent = self.of_agent(&format!("ask_{}", field.key));
        if field.has_own_question() || of_agent.is_empty() { &field.question } else { of_agent }
    }

    fn of_agent(&self, name: &str) -> &'static str {
        self.sentences.iter().find(|(own, _)| *own == name).map_or("", |(_, text)| text)
    }

    fn question(&self, key: &str) -> &str {
        self.texts.questions.get(key).map_or("", String::as_str)
    }

    fn reason(&self, key: &str) -> &str {
        self.texts.reasons.get(key).map_or("", String::as_str)
    }

    fn sentence(&self, name: &str) -> &str {
        self.texts.sentences.get(name).map_or("", String::as_str)
    }
}

async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let form = current_form(&member.project)?;
    let wanted = query.one("language").ok().flatten().unwrap_or_default();
    let language = chosen(&form, wanted);
    let texts = form.texts.get(language.code).cloned().unwrap_or_default();
    page(&texts_page(&engines, &member, (form, language, texts), Mistakes::default()).await?)
}

async fn change(State(engines): State<Engines>, member: Member<Configure>, sent: Form) -> Result<Response> {
    let mut form = current_form(&member.project)?;
    let language = chosen(&form, sent.text("language"));
    let of = |kind: &str, name: &str| (name.to_owned(), sent.text(&format!("{kind}.{name}")).to_owned());
    let texts = Texts {
        greeting: sent.text("greeting").to_owned(),
        closing: sent.text("closing").to_owned(),
        questions: form.fields.iter().map(|field| of("question", &field.key)).collect(),
        reasons: form.fields.iter().map(|field| of("reason", &field.key)).collect(),
        sentences: sentences(language.code).map(|(name, _)| of("sentence", name)).collect(),
    };
    form.texts.insert(language.code.to_owned(), texts.clone());
    match read_form(&form.to_json()) {
        Ok(checked) => {
            set_form(&engines.core, &member.actor(), member.project.id, &checked).await?;
            Ok(go(&format!("{}/form/texts?language={}", member.path(), language.code)))
        }
        Err(error) => {
            let mistakes = Mistakes::one("texts", error);
            invalid(&texts_page(&engines, &member, (form, language, texts), mistakes).await?)
        }
    }
}

/// The language asked for; else the first that is not the form's.
fn chosen(form: &LeadForm, code: &str) -> SpokenLanguage {
    let mut spoken: Vec<SpokenLanguage> = spoken_languages().collect();
    spoken.sort_by_key(|spoken| (spoken.code != code, form.language.starts_with(spoken.code)));
    spoken[0]
}

async fn texts_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    (form, language, texts): (LeadForm, SpokenLanguage, Texts),
    mistakes: Mistakes,
) -> Result<TextsPage> {
    Ok(TextsPage {
        frame: Frame::of_member(&engines.core, member, "form").await?,
        mistakes,
        form,
        languages: spoken_languages().collect(),
        language,
        texts,
        sentences: sentences(language.code).collect(),
    })
}
