//! `/p/{project}/attention`: what needs a person, with the page that mends it, and what did not long ago. `…/bell`: how much.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::Frame;
use super::view::{Html, page};
use super::who::{Member, See};
use crate::core::Core;
use crate::domain::attention::AttentionKind;
use crate::domain::ids::AttentionId;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::store::attention::{self, AttentionItem};

/// Open items that are listed.
const LISTED_MAX: u32 = 200;
/// The newest items among which those that were closed are looked for.
const LOOKED_AT: u32 = 100;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/attention", show).get("/p/{project}/attention/bell", bell)
}

#[derive(Template)]
#[template(path = "attention/attention.html")]
struct AttentionPage {
    frame: Frame,
    open: Vec<ItemRow>,
    closed: Vec<ItemRow>,
    is_cut: bool,
}

/// An item as pages list it.
pub struct ItemRow {
    pub item: AttentionItem,
    /// The page where it is mended.
    pub path: String,
}

impl ItemRow {
    /// An item of a project, whose pages are below `path`; of the instance where that is empty.
    pub fn new(item: AttentionItem, path: &str) -> Self {
        Self { path: format!("{path}/{}", item.kind.page(&item.subject)), item }
    }

    /// How bad it is: colour and shape.
    pub fn pill(&self) -> (&'static str, &'static str) {
        match self.item.kind {
            AttentionKind::WebhookOff | AttentionKind::ChannelFault | AttentionKind::ChannelInbound => {
                ("bad diamond", "Off")
            }
            AttentionKind::ChannelTrouble => ("bad diamond", "Restricted"),
            AttentionKind::WebhookFailing => ("bad diamond", "Failing"),
            AttentionKind::PeopleWaiting => ("warn ring", "Waiting"),
            AttentionKind::WidgetSilent => ("warn dash", "Silent"),
            AttentionKind::AddressMacro | AttentionKind::AddressLost => ("warn dash", "Lost"),
            AttentionKind::LinkPaused => ("warn dash", "Paused"),
            AttentionKind::TokenAgeing => ("warn ring", "Expires"),
            AttentionKind::TokensLow => ("warn ring", "Nearly spent"),
            AttentionKind::DiskFull => ("bad diamond", "Full"),
            AttentionKind::BackupOld => ("warn ring", "Old"),
            AttentionKind::CertificateAgeing => ("bad diamond", "Expires"),
        }
    }
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&attention_page(&engines.core, &member).await?)
}

async fn attention_page(core: &Core, member: &Member<See>) -> Result<AttentionPage> {
    let (project, path) = (member.project.id, member.path());
    let lists = core.db.read(async move |conn| {
        let open = attention::list_open(conn, project, LISTED_MAX + 1).await?;
        Ok((open, attention::page(conn, project, AttentionId(i64::MAX), LOOKED_AT).await?))
    });
    let (mut open, all) = lists.await?;
    let is_cut = open.len() > LISTED_MAX as usize;
    open.truncate(LISTED_MAX as usize);
    let row = |item| ItemRow::new(item, &path);
    Ok(AttentionPage {
        frame: Frame::of_member(core, member, "attention").await?,
        open: open.into_iter().map(row).collect(),
        closed: all.into_iter().filter(|item| item.closed_at.is_some()).map(row).collect(),
        is_cut,
    })
}

/// What stands in the bell: fetched where the stream says that it changed.
async fn bell(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let nav = if query.one("here").ok().flatten().is_some() { "attention" } else { "" };
    page(&Bell { html: Frame::of_member(&engines.core, &member, nav).await?.bell() })
}

#[derive(Template)]
#[template(ext = "html", source = "{{ html }}")]
struct Bell {
    html: Html,
}
