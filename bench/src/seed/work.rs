//! What people of the business did with a lead, on its timeline and in the audit log.

use serde_json::json;

use super::block::Block;
use super::calendar::{HOUR, SECOND};
use super::draw::Draw;
use super::lead::Story;
use super::rows::{ActivityRow, FieldRow, Time};
use super::talk::Who;
use super::words::NOTES;
use aurix::domain::actor::{Actor, Person, Scope};
use aurix::domain::audit::{Action, Change, Object};
use aurix::domain::ids::UserId;
use aurix::domain::lead::{Activity, Amount, FieldSource, Handling, Quality, Stage};

/// Why a lead is poor.
const REASONS: [&str; 3] = ["Outside our area", "Wanted a part that nobody makes any more", "Price only"];

/// What somebody says of a lead.
pub struct Rating {
    /// When.
    pub at: Time,
    /// How far it came.
    pub stage: Option<Stage>,
    /// What it is worth.
    pub amount: Option<Amount>,
    /// What it is.
    pub quality: Quality,
    /// Why.
    pub reason: Option<&'static str>,
}

/// What was done.
pub struct Work {
    /// The colleague who did it: their place.
    who: usize,
    /// What they say of it.
    pub rating: Option<Rating>,
    note: Option<&'static str>,
    /// Whether they changed the day.
    has_edited: bool,
}

impl Work {
    /// Draws what was done with a lead.
    pub fn draw(story: &Story<'_>, draw: &mut Draw) -> Self {
        let at = story.ended_at() + draw.between(1, 40) * HOUR + draw.between(0, 3_599) * SECOND;
        let is_over = at < story.world.calendar.now;
        let who = story.course.colleague.unwrap_or(draw.below(4) as usize);
        let is_rated = is_over && draw.is_one_of_thousand(220);
        let rating = is_rated.then(|| rate(at, draw));
        let note = (is_over && draw.is_one_of_thousand(40)).then(|| *draw.pick(&NOTES));
        Self { who, rating, note, has_edited: is_over && draw.is_one_of_thousand(10) }
    }

    /// Makes its rows.
    pub fn write(&self, story: &Story<'_>, block: &mut Block, draw: &mut Draw) {
        self.write_replies(story, block);
        let place = |who| Placed { story, who, user: story.world.people[who].0 };
        let one = place(self.who);
        if let Some(note) = self.note {
            let at = story.ended_at() + HOUR / 2;
            one.did(block, (Activity::Note, note.to_owned()), at);
            one.audited(block, Change::new(Action::NoteLead, Object::Lead(story.lead())), at);
        }
        if let Some(rating) = &self.rating {
            let stage = rating.stage.map_or("open", Stage::as_str);
            if rating.stage.is_some() {
                let sum = |sum: &Amount| format!("{stage} {} {}", sum.number(), sum.currency);
                one.did(block, (Activity::Stage, rating.amount.as_ref().map_or(stage.to_owned(), sum)), rating.at);
            }
            if rating.quality != Quality::Unknown {
                one.did(block, (Activity::Quality, rating.quality.as_str().to_owned()), rating.at);
            }
            let detail = json!({
                "stage": stage, "value": rating.amount.as_ref().map(Amount::number),
                "currency": rating.amount.as_ref().map(|sum| &sum.currency), "quality": rating.quality.as_str(),
            });
            let change = Change::new(Action::RateLead, Object::Lead(story.lead())).with(detail);
            one.audited(block, change, rating.at);
        }
        if self.has_edited
            && let Some(day) = story.known.get("preferred_day")
        {
            one.edited(block, &day.value, draw);
        }
    }

    /// Taking over, answering and giving back.
    fn write_replies(&self, story: &Story<'_>, block: &mut Block) {
        let mut has_begun = false;
        for one in &story.spoken {
            let Who::Colleague(who) = one.line.who else { continue };
            let colleague = Placed { story, who, user: story.world.people[who].0 };
            if !has_begun {
                colleague.did(block, (Activity::TookOver, String::new()), one.at);
            }
            has_begun = true;
            let reply = block.messages.iter().rev().find(|row| row.id == one.id).and_then(|row| row.reply_id.clone());
            let change = Change::new(Action::Reply, Object::Reply(reply.unwrap_or_default()));
            colleague.audited(block, change.with(json!({"lead": story.lead()})), one.at);
        }
        if has_begun && story.course.handling == Handling::Agent {
            let who = story.course.colleague.unwrap_or(self.who);
            let (colleague, at) = (Placed { story, who, user: story.world.people[who].0 }, story.ended_at() + SECOND);
            colleague.did(block, (Activity::GaveBack, String::new()), at);
            colleague.audited(block, Change::new(Action::GiveBack, Object::Lead(story.lead())), at);
        }
    }
}

fn rate(at: Time, draw: &mut Draw) -> Rating {
    let stage = match draw.below(10) {
        0..=3 => Some(Stage::Qualified),
        4..=6 => Some(Stage::Won),
        7 | 8 => Some(Stage::Lost),
        _ => None,
    };
    let is_priced = matches!(stage, Some(Stage::Won)) || draw.is_one_of_thousand(200);
    let amount = stage.filter(|_| is_priced).map(|_| {
        let hundredths = draw.between(30, 4_000) * 100 + draw.between(0, 1) * 50;
        Amount { hundredths, currency: "SGD".to_owned() }
    });
    let quality = match draw.below(10) {
        0..=4 => Quality::Good,
        5 | 6 => Quality::Poor,
        7 => Quality::NotALead,
        _ => Quality::Unknown,
    };
    let reason = matches!(quality, Quality::Poor).then(|| *draw.pick(&REASONS));
    Rating { at, stage, amount, quality, reason }
}

/// Somebody who does something with a lead.
struct Placed<'a> {
    story: &'a Story<'a>,
    who: usize,
    user: UserId,
}

impl Placed<'_> {
    fn did(&self, block: &mut Block, (activity, text): (Activity, String), at: Time) {
        let (lead, kind, user) = (self.story.lead(), activity.as_str(), Some(self.user));
        block.activity.push(ActivityRow { lead, kind, text, user, created_at: at });
    }

    fn audited(&self, block: &mut Block, change: Change, at: Time) {
        let scope = Scope::Project(self.story.world.project);
        let email = self.story.world.people[self.who].1.clone();
        block.audit.push((at, Actor::Person(Person { user: self.user, email, scope }), change));
    }

    /// The day was typed once more, as it is.
    fn edited(&self, block: &mut Block, day: &str, draw: &mut Draw) {
        let (lead, at) = (self.story.lead(), self.story.ended_at() + draw.between(60, 1_800) * SECOND);
        let change = Change::new(Action::EditLead, Object::Lead(lead)).with(json!({"field": "preferred_day"}));
        self.did(block, (Activity::Field, "preferred_day".to_owned()), at);
        self.audited(block, change, at);
        block.fields.push(FieldRow {
            lead,
            key: "preferred_day",
            value: day.to_owned(),
            words: day.to_owned(),
            source: FieldSource::Person.as_str(),
            message: None,
            user: Some(self.user),
            created_at: at,
        });
    }
}
