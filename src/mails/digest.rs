//! The letter that tells a person what needs attention, and what does not any more.

use jiff::tz::TimeZone;

use crate::core::Core;
use crate::domain::ids::UserId;
use crate::domain::time::Timestamp;
use crate::smtp::{Draft, Letter};
use crate::store::mails::{self, LeasedMail, ToldItem};

/// Items of a letter.
const ITEMS_MAX: u32 = 50;

/// The letter of a mail; `None` where there is nothing to tell that person any more.
pub(super) async fn digest(core: &Core, mail: &LeasedMail, user: UserId) -> anyhow::Result<Option<Letter>> {
    let id = mail.id;
    let told = core.db.read(async move |conn| Ok(mails::told(conn, id, user, ITEMS_MAX + 1).await?)).await?;
    Ok(if told.is_empty() { None } else { Some(letter(&core.config.base_url, &told)) })
}

fn letter(base_url: &str, told: &[ToldItem]) -> Letter {
    let shown = &told[..told.len().min(ITEMS_MAX as usize)];
    let mut draft = Draft::new(&subject(told));
    let mut before = None;
    for one in shown {
        let group = (one.item.project, one.is_closed);
        if before != Some(group) {
            let state = if one.is_closed { "does not need attention any more" } else { "needs attention" };
            draft.heading(&format!("{}: {state}", place(one)));
            before = Some(group);
        }
        add(&mut draft, base_url, one);
    }
    if told.len() > shown.len() {
        draft.paragraph("There is more: open Aurix to see all of it.");
    }
    let choice = match told.iter().find_map(|one| one.project.as_ref()) {
        Some((public_id, ..)) => format!("{base_url}/p/{public_id}/settings/alerts"),
        None => format!("{base_url}/instance"),
    };
    draft.letter(&format!("You choose of what you are told: {choice}"))
}

/// The only thing by its title; of several, how many, and where.
fn subject(told: &[ToldItem]) -> String {
    let opened = told.iter().filter(|one| !one.is_closed).count();
    let place = |one: &ToldItem| place(one).to_owned();
    match told {
        [only] if only.is_closed => format!("{}: mended: {}", place(only), only.item.title),
        [only] => format!("{}: {}", place(only), only.item.title),
        [first, rest @ ..] => {
            let is_one_place = rest.iter().all(|one| one.item.project == first.item.project);
            let place = if is_one_place { place(first) } else { "Aurix".to_owned() };
            match opened {
                0 => format!("{place}: {} things are mended", told.len()),
                1 => format!("{place}: 1 thing needs attention"),
                _ => format!("{place}: {opened} things need attention"),
            }
        }
        [] => "Aurix".to_owned(),
    }
}

/// What people call where it happened.
fn place(one: &ToldItem) -> &str {
    one.project.as_ref().map_or("Aurix", |(_, name, _)| name)
}

fn add(draft: &mut Draft, base_url: &str, one: &ToldItem) {
    let (page, zone) = match &one.project {
        Some((public_id, _, zone)) => {
            (format!("p/{public_id}/{}", one.item.kind.page(&one.item.subject)), zone.as_str())
        }
        None => (one.item.kind.page(&one.item.subject), "UTC"),
    };
    let since = format!("Since {}.", in_zone(one.item.since, zone));
    let closed = one.item.closed_at.filter(|_| one.is_closed);
    let lines = match closed {
        Some(at) => [format!("From {} to {}.", in_zone(one.item.since, zone), in_zone(at, zone)), String::new()],
        None => [one.item.message.clone(), since],
    };
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    draft.item(&one.item.title, &lines, (one.item.kind.button(), &format!("{base_url}/{page}")));
}

/// A time with its zone, as nobody can misread it.
fn in_zone(at: Timestamp, zone: &str) -> String {
    let (tz, name) = match TimeZone::get(zone) {
        Ok(tz) => (tz, zone),
        Err(_) => (TimeZone::UTC, "UTC"),
    };
    format!("{} ({name})", at.to_zoned(tz).strftime("%-d %b %Y, %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attention::AttentionKind;
    use crate::domain::ids::{AttentionId, ProjectId};
    use crate::store::attention::AttentionItem;

    fn told(project: i64, title: &str, is_closed: bool) -> ToldItem {
        let since: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
        let item = AttentionItem {
            id: AttentionId(1),
            project: ProjectId(project),
            kind: AttentionKind::WebhookOff,
            subject_id: 1,
            subject: "w1".to_owned(),
            title: title.to_owned(),
            message: "It answered 410 Gone.".to_owned(),
            since,
            opened_at: since,
            closed_at: is_closed.then_some(since),
        };
        let named = |id| (format!("p{id}"), format!("Shop {id}"), "Asia/Singapore".to_owned());
        ToldItem { item, is_closed, project: (project > 0).then(|| named(project)) }
    }

    #[test]
    fn a_letter_about_one_thing_is_called_by_it() {
        let one = letter("https://a.example", &[told(1, "Webhook amoCRM was turned off", false)]);
        assert_eq!(one.subject, "Shop 1: Webhook amoCRM was turned off");
        assert_eq!(
            one.text,
            "Shop 1: needs attention\n-----------------------\n\n* Webhook amoCRM was turned off\n  It answered 410 Gone.\n  \
             Since 2 Jan 2026, 18:00 (Asia/Singapore).\n  Open webhook: https://a.example/p/p1/integrations/webhook/w1\n\n-- \n\
             You choose of what you are told: https://a.example/p/p1/settings/alerts\n"
        );
        let mended = letter("https://a.example", &[told(1, "Webhook amoCRM was turned off", true)]);
        assert_eq!(mended.subject, "Shop 1: mended: Webhook amoCRM was turned off");
        assert!(mended.text.contains("From 2 Jan 2026, 18:00 (Asia/Singapore) to 2 Jan 2026, 18:00 (Asia/Singapore)."));
    }

    #[test]
    fn a_letter_about_many_things_counts_them() {
        let check = |told: &[ToldItem], expected: &str| assert_eq!(letter("", told).subject, expected);
        check(&[told(1, "a", false), told(1, "b", false), told(1, "c", true)], "Shop 1: 2 things need attention");
        check(&[told(1, "a", false), told(1, "b", true)], "Shop 1: 1 thing needs attention");
        check(&[told(1, "a", false), told(2, "b", false)], "Aurix: 2 things need attention");
        check(&[told(1, "a", true), told(1, "b", true)], "Shop 1: 2 things are mended");
        let many: Vec<_> = (0..60).map(|nth| told(1, &format!("thing {nth}."), false)).collect();
        let text = letter("", &many).text;
        assert!(text.contains("thing 49.") && !text.contains("thing 50.") && text.contains("There is more"), "{text}");
    }

    #[test]
    fn the_instance_has_a_letter_too() {
        let one = letter("https://a.example", &[told(0, "A disk is nearly full", false)]);
        assert_eq!(one.subject, "Aurix: A disk is nearly full");
        assert!(one.text.contains("(UTC)") && one.text.contains("https://a.example/instance"), "{}", one.text);
    }
}
