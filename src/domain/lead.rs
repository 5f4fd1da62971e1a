//! How far a lead came, and when webhooks are told of it.

use super::closed_set::closed_set;

/// Sales of which nobody said what they were worth, as a stage to filter by.
pub const WITHOUT_VALUE: &str = "won_without_value";

closed_set! {
    /// A lead's status; it only moves forward.
    pub enum LeadStatus {
        /// Somebody writes.
        Active = "active",
        /// The conversation is linked to a click.
        Correlated = "correlated",
        /// All that the form requires is known.
        Complete = "complete",
    }
}

closed_set! {
    /// When a project's webhooks get `lead.created`.
    pub enum CreatedWhen {
        /// When a name and a contact detail are known, the lead is complete, or the conversation was handed to a person or went
        /// silent with a contact detail known.
        Details = "details",
        /// At the first contact detail.
        Contact = "contact",
    }
}

closed_set! {
    /// How far people of the business say that a lead came. Until then it is open.
    pub enum Stage {
        /// It is worth their time.
        Qualified = "qualified",
        /// It bought.
        Won = "won",
        /// It will not.
        Lost = "lost",
    }
}

closed_set! {
    /// What people of the business say of a lead.
    pub enum Quality {
        /// Nobody said.
        Unknown = "unknown",
        /// What was looked for.
        Good = "good",
        /// Not what was looked for.
        Poor = "poor",
        /// Nobody who could buy: spam, an applicant, a wrong number.
        NotALead = "not_a_lead",
    }
}

closed_set! {
    /// Who looks after a conversation.
    pub enum Handling {
        /// The agent.
        Agent = "agent",
        /// Nobody yet: a person was asked for, or the agent gave up.
        Waiting = "waiting",
        /// Somebody of the business.
        With = "with",
        /// Nobody: the customer wrote "stop".
        Stopped = "stopped",
    }
}

closed_set! {
    /// Where a value of a field came from.
    pub enum FieldSource {
        /// The person's own words.
        Words = "words",
        /// The chat platform.
        Channel = "channel",
        /// A contact card that the person shared.
        Contact = "contact",
        /// Other fields, as a name of its parts.
        Composed = "composed",
        /// Somebody of the business typed it.
        Person = "person",
        /// The person's own words, which a language model found, and their yes to them.
        Model = "model",
    }
}

closed_set! {
    /// What was done with a lead, as its timeline shows it.
    pub enum Activity {
        /// A note was written.
        Note = "note",
        /// The agent handed the conversation over; the text says what is known and what is missing.
        HandedOver = "handed_over",
        /// Somebody took the conversation over.
        TookOver = "took_over",
        /// Somebody gave the conversation back to the agent.
        GaveBack = "gave_back",
        /// A message stayed unanswered: the person waits again.
        WaitsAgain = "waits_again",
        /// A message stayed unanswered: the agent went on.
        AgentResumed = "agent_resumed",
        /// A stage was set.
        Stage = "stage",
        /// A quality was set.
        Quality = "quality",
        /// A field was changed.
        Field = "field",
        /// The person was erased.
        Erased = "erased",
    }
}

/// A sum of money: hundredths, and the three letters of the currency (ISO 4217).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// In hundredths.
    pub hundredths: i64,
    /// `SGD`
    pub currency: String,
}

/// Why a text is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// It is no number.
    #[error("write a number with at most two decimals, for example 1250 or 65.50")]
    Number,
    /// It is no currency.
    #[error("write the three letters of the currency, for example SGD")]
    Currency,
}

/// The largest sum, so that it stays exact in every program that reads it.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

impl Amount {
    /// Reads what a person typed: digits, perhaps with spaces or commas between thousands, and up to two decimals behind a point.
    pub fn parse(number: &str, currency: &str) -> Result<Self, InvalidAmount> {
        let number: String = number.chars().filter(|c| !matches!(c, ' ' | ',' | '\u{a0}' | '\'')).collect();
        let (whole, decimals) = number.split_once('.').unwrap_or((&number, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) || decimals.len() > 2 {
            return Err(InvalidAmount::Number);
        }
        let hundredths: i64 = format!("{whole}{decimals:0<2}").parse().map_err(|_| InvalidAmount::Number)?;
        let currency = currency.trim().to_ascii_uppercase();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(InvalidAmount::Currency);
        }
        if hundredths > AMOUNT_MAX {
            return Err(InvalidAmount::Number);
        }
        Ok(Self { hundredths, currency })
    }

    /// `65.50`
    pub fn number(&self) -> String {
        format!("{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_read_as_people_type_it() {
        let read =
            |number: &str, currency: &str| Amount::parse(number, currency).map(|sum| sum.number() + &sum.currency);
        assert_eq!(read("65", "sgd"), Ok("65.00SGD".to_owned()));
        assert_eq!(read("1,250.5", " EUR "), Ok("1250.50EUR".to_owned()));
        for number in ["", "x", "-1", "1.234", "1.2.3", ".", "99999999999999999999"] {
            assert_eq!(read(number, "SGD"), Err(InvalidAmount::Number), "{number:?}");
        }
        for currency in ["", "S", "S$D", "€", "SGDX"] {
            assert_eq!(read("1", currency), Err(InvalidAmount::Currency), "{currency:?}");
        }
    }
}
