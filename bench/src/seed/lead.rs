//! A conversation with its lead, as rows: what was said, what is known of it, and how far it came.

use std::collections::BTreeMap;

use super::block::Block;
use super::calendar::{DAY, SECOND};
use super::draw::{Draw, For};
use super::keys::{Side, row_key, uuid_at};
use super::lead_events::Told;
use super::messages::Spoken;
use super::person::Person;
use super::rows::{ConversationRow, FieldRow, LeadRow, Time};
use super::talk::{ASKED, Course, Who};
use super::work::Work;
use super::world::World;
use aurix::agent::{Known, Paused, State};
use aurix::domain::correlation::{CorrelationId, prefilled_text};
use aurix::domain::form::{EMAIL, NAME, PHONE};
use aurix::domain::ids::{ConversationId, LeadId, MessageId, SessionId};
use aurix::domain::lead::{FieldSource, Handling, LeadStatus};
use aurix::domain::lead_words::LeadWords;
use aurix::domain::time::from_microseconds;
use aurix::store::lead_search::Part;

/// Where somebody comes from who writes.
pub struct Origin<'a> {
    /// Their session and its reference.
    pub session: Option<(SessionId, &'a CorrelationId)>,
    /// The start of the text that their widget prefilled.
    pub greeting: &'a str,
    /// When they had clicked, in microseconds since 1970.
    pub at: Time,
}

/// A conversation that was had.
pub struct Story<'a> {
    /// What it hangs on.
    pub world: &'a World,
    /// Its number.
    pub number: u64,
    /// Its row key; the lead has the same.
    pub conversation: ConversationId,
    /// The other side.
    pub person: Person,
    /// How it went.
    pub course: Course,
    /// What was said.
    pub spoken: Vec<Spoken>,
    /// The reference of its session.
    pub correlation_id: Option<&'a CorrelationId>,
    /// The conversation's UUID.
    pub public_id: String,
    /// What is known in the end, and since when.
    pub known: BTreeMap<String, Known>,
}

/// Makes the rows of a lead.
pub fn write(world: &World, block: &mut Block, number: u64, origin: &Origin<'_>) {
    let draw = &mut Draw::new(For::Lead, number);
    let person = Person::new(number, draw);
    let course = Course::new(draw, world.calendar.now - origin.at);
    let opener = origin.session.map(|(_, id)| prefilled_text(origin.greeting, id));
    let lines = course.lines(draw, &world.form, &person, opener);
    let conversation = ConversationId(world.first_lead + number as i64);
    let spoken = Spoken::all(lines, (origin.at, world.calendar.now), |at| row_key(at, Side::Leads, number));
    let public_id = uuid_at(spoken[0].at, draw);
    let mut story = Story {
        correlation_id: origin.session.map(|(_, id)| id),
        known: BTreeMap::new(),
        world,
        number,
        conversation,
        person,
        course,
        spoken,
        public_id,
    };
    story.learn(block, draw);
    story.write_messages(block, draw);
    let work = Work::draw(&story, draw);
    let told = Told::of(&story);
    work.write(&story, block, draw);
    if block.wants_events {
        told.emit(&story, &work, block, draw);
    }
    block.leads.push(story.lead_row(origin, &told, &work));
    block.conversations.push(story.conversation_row());
    story.write_words(block);
    super::asides::write(&story, block, draw);
}

impl Story<'_> {
    /// Its lead.
    pub fn lead(&self) -> LeadId {
        LeadId(self.conversation.0)
    }

    /// When it began.
    pub fn began_at(&self) -> Time {
        self.spoken[0].at
    }

    /// When something was last said.
    pub fn ended_at(&self) -> Time {
        self.spoken[self.spoken.len() - 1].at
    }

    /// When somebody first said something.
    pub fn first(&self, is_it: impl Fn(Who) -> bool) -> Option<Time> {
        self.spoken.iter().find(|one| is_it(one.line.who)).map(|one| one.at)
    }

    /// When the agent said something after the answer to a question; `None` where that was not answered.
    pub fn answered_at(&self, key: &str) -> Option<Time> {
        let place = self.spoken.iter().position(|one| one.line.answers == Some(key))?;
        self.spoken.get(place + 1).map(|one| one.at)
    }

    /// How far it came.
    pub fn status(&self) -> LeadStatus {
        match (self.course.answered == ASKED.len(), self.correlation_id) {
            (true, _) => LeadStatus::Complete,
            (false, Some(_)) => LeadStatus::Correlated,
            (false, None) => LeadStatus::Active,
        }
    }

    /// What was found out, and from which words.
    fn learn(&mut self, block: &mut Block, draw: &mut Draw) {
        let phone = self.person.phone.clone();
        let turn = self.first(|who| who == Who::Agent).unwrap_or_else(|| self.began_at());
        self.keep(block, (PHONE, &phone, &phone), (FieldSource::Channel, None), turn);
        let answers: Vec<_> = self.spoken.iter().filter_map(|one| Some((one.line.answers?, one.clone()))).collect();
        for (key, one) in answers {
            let (value, words) = match key {
                NAME => (self.person.name.clone(), self.person.name.clone()),
                EMAIL => (self.person.email.clone(), self.person.email.clone()),
                _ => (one.line.text.clone(), one.line.text.clone()),
            };
            let is_card = key == EMAIL && draw.is_one_of_thousand(30);
            let source = if is_card { FieldSource::Contact } else { FieldSource::Words };
            if is_card {
                self.share_card(one.id);
            }
            let turn = self.answered_at(key).unwrap_or(one.at);
            self.keep(block, (key, &value, &words), (source, Some(one.id)), turn);
        }
    }

    fn keep(
        &mut self,
        block: &mut Block,
        (key, value, words): (&'static str, &str, &str),
        (source, message): (FieldSource, Option<MessageId>),
        at: Time,
    ) {
        let said_at = message.map(|_| from_microseconds(at));
        let known = Known { value: value.to_owned(), words: words.to_owned(), at: said_at };
        self.known.insert(key.to_owned(), known);
        block.fields.push(FieldRow {
            lead: self.lead(),
            key,
            value: value.to_owned(),
            words: words.to_owned(),
            source: source.as_str(),
            message,
            user: None,
            created_at: at,
        });
    }

    fn lead_row(&self, origin: &Origin<'_>, told: &Told, work: &Work) -> LeadRow {
        let rating = work.rating.as_ref();
        let amount = rating.and_then(|rating| rating.amount.as_ref());
        LeadRow {
            conversation: self.conversation,
            session: origin.session.map(|(id, _)| id),
            status: self.status().as_str(),
            fields: serde_json::to_string(&self.known).expect("texts"),
            intent: self.course.intent.map(str::to_owned),
            announced_at: told.created_at,
            announced_details: told.details.clone(),
            completed_at: told.completed_at,
            created_at: self.began_at(),
            updated_at: rating.map_or(self.ended_at(), |rating| rating.at),
            last_message_at: self.ended_at(),
            stage: rating.and_then(|rating| rating.stage).map(|stage| stage.as_str()),
            stage_value: amount.map(|amount| amount.hundredths),
            currency: amount.map(|_| "SGD"),
            quality: rating.map_or("unknown", |rating| rating.quality.as_str()),
            quality_reason: rating.and_then(|rating| rating.reason),
        }
    }

    fn conversation_row(&self) -> ConversationRow {
        let handling = self.course.handling;
        let helped_at = self.first(|who| matches!(who, Who::Colleague(_) | Who::App));
        let handover = self.spoken.iter().rev().find(|one| one.line.who == Who::Agent).map(|one| one.at);
        let (handler, since) = match handling {
            Handling::Agent => (None, self.course.colleague.map(|_| self.ended_at() + SECOND)),
            Handling::Waiting => (None, handover),
            Handling::With => (self.handler(), helped_at),
            Handling::Stopped => (None, Some(self.ended_at())),
        };
        let last = self.spoken.iter().rev().find(|one| one.line.who == Who::Person);
        let is_recent = self.world.calendar.now - self.ended_at() < 2 * DAY;
        ConversationRow {
            id: self.conversation,
            public_id: self.public_id.clone(),
            external_user_id: self.person.external_user_id.clone(),
            external_phone_id: self.person.digits().to_owned(),
            profile_name: self.person.profile_name.clone(),
            username: self.person.username.clone(),
            phone: self.person.phone.clone(),
            agent_state: serde_json::to_string(&self.agent_state()).expect("texts"),
            answered_up_to: last.map_or(MessageId(0), |one| one.id),
            turn_number: self.spoken.iter().filter(|one| one.line.who == Who::Person).count() as i64,
            handling: handling.as_str(),
            handler,
            handling_since: since,
            unanswered_since: last.filter(|_| self.course.is_open && is_recent).map(|one| one.at),
            asked_at: match handling {
                Handling::Waiting => since,
                Handling::With => last.filter(|_| self.course.is_open && is_recent).map(|one| one.at),
                Handling::Agent | Handling::Stopped => None,
            },
            created_at: self.began_at(),
        }
    }

    fn handler(&self) -> Option<aurix::domain::ids::UserId> {
        let who = self.spoken.iter().find_map(|one| match one.line.who {
            Who::Colleague(place) => Some(place),
            _ => None,
        });
        who.map(|place| self.world.people[place].0)
    }

    fn agent_state(&self) -> State {
        let asked = ASKED.iter().take(self.course.answered + 1).map(|key| ((*key).to_owned(), 1));
        State {
            version: 1,
            asked: ASKED.get(self.course.answered).map(|key| (*key).to_owned()),
            asked_counts: asked.collect(),
            greeted: true,
            paused: match self.course.handling {
                Handling::Agent => None,
                Handling::Stopped => Some(Paused::Stopped),
                Handling::Waiting | Handling::With => Some(Paused::HandedOver),
            },
            closed: self.course.answered == ASKED.len(),
            intent: self.course.intent.map(str::to_owned),
            ..State::default()
        }
    }

    /// The words by which the lead is found.
    fn write_words(&self, block: &mut Block) {
        let mut profile = LeadWords::default();
        self.person.profile_name.iter().chain(&self.person.username).for_each(|name| profile.add_text(name));
        profile.add_phone(&self.person.phone);
        let mut fields = LeadWords::default();
        for (key, known) in &self.known {
            match key.as_str() {
                PHONE => fields.add_phone(&known.value),
                EMAIL | NAME => fields.add_text(&known.value),
                _ => {}
            }
        }
        let mut ids = LeadWords::default();
        self.correlation_id.iter().for_each(|id| ids.add_correlation_id(id.as_str()));
        let project = self.world.project;
        block.words.push((self.lead(), Part::Profile, profile.of(project)));
        block.words.push((self.lead(), Part::Fields, fields.of(project)));
        if self.correlation_id.is_some() {
            block.words.push((self.lead(), Part::CorrelationIds, ids.of(project)));
        }
    }
}

/// What people without a click said of the reference: most of them nothing.
const WITHOUT_CLICK: [&str; 8] = ["none", "removed", "none", "altered", "none", "unknown", "none", "another_person"];

impl LeadRow {
    /// What the first message said of the reference.
    pub fn reference(&self) -> &'static str {
        let nth = usize::try_from(self.conversation.0).unwrap_or(0);
        match self.session {
            Some(_) if nth.is_multiple_of(20) => "repaired",
            Some(_) => "exact",
            None => WITHOUT_CLICK[nth / 7 % WITHOUT_CLICK.len()],
        }
    }
}
