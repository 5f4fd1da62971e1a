//! `/p/{project}/leads/{lead}/erase`: what goes and what stays, and the word to type.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::conversations::erase_person::{EraseRefused, Erasure, erase_person, preview_erasure};
use crate::domain::ids::LeadId;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::talk::{Place, name_of};
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member};
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::store::lead_view;

/// What is typed to confirm.
const WORD: &str = "ERASE";

#[derive(Template)]
#[template(path = "lead/erase.html")]
struct ErasePage {
    frame: Frame,
    mistakes: Mistakes,
    name: String,
    path: String,
    goes: Vec<String>,
    is_erased: bool,
}

pub async fn show(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, lead)): Path<(String, LeadId)>,
) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    page(&erase_page(&engines, &member, lead).await?)
}

pub async fn erase(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, lead)): Path<(String, LeadId)>,
    form: Form,
) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let mut page = erase_page(&engines, &member, lead).await?;
    if form.text("typed") != WORD {
        page.mistakes = Mistakes::one("typed", format!("Type {WORD} in capitals to erase this person."));
        return invalid(&page);
    }
    match erase_person(&engines.core, &member.actor(), member.project.id, lead).await {
        Ok(_) => Ok(go(&page.path)),
        Err(EraseRefused::Unknown) => Err(no_such_path().await),
        Err(EraseRefused::Failed(error)) => Err(error.into()),
        Err(refused @ EraseRefused::Erased) => {
            page.mistakes = Mistakes::one("typed", format!("{refused}."));
            invalid(&page)
        }
    }
}

async fn erase_page(engines: &Engines, member: &Member<Configure>, lead: LeadId) -> Result<ErasePage> {
    let core = &engines.core;
    let project = member.project.id;
    let viewed = core.db.read(async move |conn| Ok(lead_view::find(conn, project, lead).await?)).await?;
    let (Some(viewed), Some(erasure)) = (viewed, preview_erasure(core, project, lead).await?) else {
        return Err(no_such_path().await);
    };
    Ok(ErasePage {
        frame: Frame::of_member(core, member, "leads").await?,
        mistakes: Mistakes::default(),
        name: name_of(&viewed, false).title,
        path: Place::Lead.path(&member.path(), lead),
        goes: goes(&erasure),
        is_erased: viewed.erased_at.is_some(),
    })
}

fn goes(erasure: &Erasure) -> Vec<String> {
    let Erasure { messages, values, notes, clicks, events, deliveries } = *erasure;
    let count = |number: u64, one: &str, many: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
    };
    vec![
        "their name, number, address, and the platform’s ids of them: nobody finds them by these again".to_owned(),
        format!("the words of {}", count(messages, "message", "messages")),
        format!(
            "{}, older ones too, and {}",
            count(values, "value of a field", "values of fields"),
            count(notes, "note", "notes")
        ),
        format!("addresses, browsers and page parameters of {}", count(clicks, "click", "clicks")),
        format!(
            "the bodies of {}, and what receivers answered to {}",
            count(events, "event", "events"),
            count(deliveries, "delivery", "deliveries")
        ),
    ]
}
