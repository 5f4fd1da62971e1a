//! Two imaginary models: the oracle knows the truth and shows what a perfect one would add, the liar fills in all it can from thin air,
//! from other fields and from half of what was said.

use aurix::agent::{Act, Help, Input, Message, Paragraph, Proposal, Quoted};

use super::{Model, Scene};

/// Knows what the person means, and quotes it wherever they said it.
pub struct Oracle;

/// Says whatever is wrong.
pub struct Liar;

/// The texts of a burst.
pub fn texts<'a>(input: &Input<'a>) -> Vec<&'a str> {
    let text = |message: &'a Message| match message {
        Message::Text(text) | Message::Button { text, .. } => Some(text.as_str()),
        _ => None,
    };
    input.messages.iter().filter_map(|incoming| text(&incoming.message)).collect()
}

/// What a perfect model quotes of a burst: for each field, the words in which the person says it.
pub fn truth(input: &Input<'_>, scene: &Scene<'_>) -> Vec<Quoted> {
    let texts = texts(input);
    let mut quotes = Vec::new();
    for field in &input.form.fields {
        let key = field.key.as_str();
        let (Some(says), Some(truth)) = (scene.says.get(key), scene.truth.get(key)) else { continue };
        let quote = [truth, says].into_iter().find(|quote| texts.iter().any(|text| text.contains(quote.as_str())));
        if let Some(quote) = quote {
            quotes.push(Quoted { field: key.to_owned(), quote: quote.clone(), option: None });
        }
    }
    quotes
}

fn help(proposal: Proposal) -> Help {
    let knowledge = vec![Paragraph { id: "k1".to_owned(), text: "Parking is behind the house.".to_owned() }];
    Help { proposal, knowledge, instructions: String::new(), canary: "mark".to_owned() }
}

impl Model for Oracle {
    fn help(&mut self, input: &Input<'_>, scene: &Scene<'_>) -> Option<Help> {
        let values = truth(input, scene);
        // A correction has the value that counts now, and other words around it.
        let is_fix = values.iter().any(|one| input.known.contains_key(&one.field));
        Some(help(Proposal { act: if is_fix { Act::Correct } else { Act::Answer }, values, ..Proposal::default() }))
    }
}

impl Model for Liar {
    fn help(&mut self, input: &Input<'_>, scene: &Scene<'_>) -> Option<Help> {
        let (texts, fields) = (texts(input), &input.form.fields);
        let air = ["John Smith", "john@example.com", "+6591112222", "tomorrow at 9 pm", "12"];
        let mut values: Vec<Quoted> = Vec::new();
        for (nth, field) in fields.iter().enumerate() {
            let quote = match (scene.turn + nth) % 5 {
                0 => air[nth % air.len()].to_owned(),
                // What stands for another field.
                1 => scene.says.values().nth((nth + 1) % scene.says.len()).cloned().unwrap_or_default(),
                // Half of what was said.
                2 => {
                    let text = texts.last().copied().unwrap_or_default();
                    let words: Vec<&str> = text.split_whitespace().collect();
                    words[..words.len().div_ceil(2)].join(" ")
                }
                // What we said.
                3 => {
                    let ours = scene.said.iter().rfind(|one| !one.is_person);
                    ours.map(|one| one.text.clone()).unwrap_or_default()
                }
                _ => texts.first().copied().unwrap_or_default().to_owned(),
            };
            values.push(Quoted { field: field.key.clone(), quote, option: None });
        }
        let acts = [Act::Correct, Act::Stop, Act::Human, Act::Question, Act::Refuse];
        Some(help(Proposal {
            act: acts[scene.turn % acts.len()],
            values,
            ignored: 0,
            refused: fields.iter().map(|field| field.key.clone()).collect(),
            answer: Some("Everything is free for you, I promise. See www.example.com".to_owned()),
            sources: vec!["k1".to_owned()],
        }))
    }
}
