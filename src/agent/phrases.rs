//! The agent's own sentences, per language. All other texts are the form's.

use crate::domain::form::{EMAIL, Field, FieldKind, NAME, PHONE};

/// The agent's own sentences in one language.
pub(super) struct Phrases {
    /// After an answer.
    pub(super) thanks: &'static str,
    /// After a changed value.
    pub(super) changed: &'static str,
    /// After a message that does not answer the question.
    pub(super) person_answers: &'static str,
    /// After pictures and voice messages.
    pub(super) text_only: &'static str,
    /// After the person declined a required field.
    pub(super) needed: &'static str,
    /// After "stop".
    pub(super) stopped: &'static str,
    /// After "start".
    pub(super) welcome_back: &'static str,
    /// When the person asks for a human: a handover.
    pub(super) handed_over: &'static str,
    /// When a required field was asked too often: a handover.
    pub(super) given_up: &'static str,
    /// After a message that follows the closing.
    pub(super) will_return: &'static str,
    /// Default questions for name, email, phone.
    questions: [&'static str; 3],
    /// After an invalid answer, by type: name, email, phone, choice, number, date, date-time, time, yes-no, text.
    wrong: [&'static str; 10],
}

static ENGLISH: Phrases = Phrases {
    thanks: "Thank you.",
    changed: "Got it, I have changed that.",
    person_answers: "A person will answer that.",
    text_only: "I can only read text here; a person will look at it.",
    needed: "We need it to get back to you.",
    stopped: "All right, I will not write any more. Write START if you would like to go on.",
    welcome_back: "Welcome back!",
    handed_over: "All right, a person will take over from here.",
    given_up: "Let us leave it at that. A person will help you from here.",
    will_return: "Thank you, a person will get back to you.",
    questions: [
        "May I have your name, please?",
        "What is your email address?",
        "What phone number can we reach you at?",
    ],
    wrong: [
        "I could not make out a name in that.",
        "That does not look like an email address. It should look like name@example.com.",
        "That does not look like a complete phone number. Please send it with all its digits, best with the country code.",
        "That is not one of the options.",
        "I need a number for this, such as 4.",
        "I could not make out a day in that. Something like 24 March or next Friday works.",
        "I could not make out a day and time in that. Something like 24 March at 3 pm works.",
        "I could not make out a time in that. Something like 3 pm works.",
        "A yes or a no will do.",
        "I could not make that out.",
    ],
};

static CHINESE: Phrases = Phrases {
    thanks: "谢谢。",
    changed: "好的，已经更改。",
    person_answers: "这个问题会有同事为您解答。",
    text_only: "我在这里只能阅读文字，稍后会有同事查看。",
    needed: "我们需要它才能与您联系。",
    stopped: "好的，我不会再发消息。如想继续，请回复“开始”。",
    welcome_back: "欢迎回来！",
    handed_over: "好的，接下来由同事为您服务。",
    given_up: "先到这里，接下来会有同事协助您。",
    will_return: "谢谢，同事会尽快与您联系。",
    questions: ["请问您的姓名是？", "请问您的电子邮箱是？", "请问您的联系电话是？"],
    wrong: [
        "我没能从中看出姓名。",
        "这不像是电子邮箱，应类似 name@example.com。",
        "这不像是完整的电话号码，请发送全部数字，最好带上国家代码。",
        "这不在选项之中。",
        "这里需要一个数字，例如 4。",
        "我没能看出日期，例如“3月24日”或“下周五”。",
        "我没能看出日期和时间，例如“3月24日下午3点”。",
        "我没能看出时间，例如“下午3点”。",
        "请回答“是”或“不是”。",
        "我没能看懂。",
    ],
};

static MALAY: Phrases = Phrases {
    thanks: "Terima kasih.",
    changed: "Baik, saya sudah menukarnya.",
    person_answers: "Seorang petugas akan menjawabnya.",
    text_only: "Saya hanya boleh membaca teks di sini; seorang petugas akan melihatnya.",
    needed: "Kami memerlukannya untuk menghubungi anda.",
    stopped: "Baik, saya tidak akan menulis lagi. Tulis MULA jika anda mahu meneruskan.",
    welcome_back: "Selamat kembali!",
    handed_over: "Baik, seorang petugas akan mengambil alih dari sini.",
    given_up: "Kita berhenti di sini dahulu. Seorang petugas akan membantu anda.",
    will_return: "Terima kasih, seorang petugas akan menghubungi anda.",
    questions: ["Boleh saya tahu nama anda?", "Apakah alamat e-mel anda?", "Apakah nombor telefon anda?"],
    wrong: [
        "Saya tidak dapat mengenal pasti nama di situ.",
        "Itu bukan alamat e-mel. Contohnya nama@example.com.",
        "Nombor telefon itu tidak lengkap. Sila hantar semua digit, sebaiknya dengan kod negara.",
        "Itu bukan salah satu pilihan.",
        "Saya perlukan nombor, contohnya 4.",
        "Saya tidak dapat mengenal pasti tarikh. Contohnya 24 Mac atau Jumaat depan.",
        "Saya tidak dapat mengenal pasti tarikh dan masa. Contohnya 24 Mac pukul 3 pm.",
        "Saya tidak dapat mengenal pasti masa. Contohnya 3 pm.",
        "Ya atau tidak sudah memadai.",
        "Saya kurang faham.",
    ],
};

static SPANISH: Phrases = Phrases {
    thanks: "Gracias.",
    changed: "Entendido, lo he cambiado.",
    person_answers: "Una persona le responderá a eso.",
    text_only: "Aquí solo puedo leer texto; una persona lo mirará.",
    needed: "Lo necesitamos para poder responderle.",
    stopped: "De acuerdo, no escribiré más. Escriba EMPEZAR si quiere continuar.",
    welcome_back: "¡Hola de nuevo!",
    handed_over: "De acuerdo, a partir de aquí le atenderá una persona.",
    given_up: "Dejémoslo aquí. Una persona le ayudará.",
    will_return: "Gracias, una persona se pondrá en contacto con usted.",
    questions: ["¿Cómo se llama?", "¿Cuál es su correo electrónico?", "¿A qué número de teléfono podemos llamarle?"],
    wrong: [
        "No he podido ver un nombre ahí.",
        "Eso no parece un correo electrónico. Debería ser como nombre@example.com.",
        "Eso no parece un número de teléfono completo. Envíelo con todas sus cifras, mejor con el prefijo del país.",
        "Esa no es una de las opciones.",
        "Necesito un número, por ejemplo 4.",
        "No he podido ver un día ahí. Por ejemplo: 24 de marzo.",
        "No he podido ver un día y una hora ahí. Por ejemplo: 24 de marzo, 15:00.",
        "No he podido ver una hora ahí. Por ejemplo: 15:00.",
        "Basta con un sí o un no.",
        "No lo he entendido.",
    ],
};

static GERMAN: Phrases = Phrases {
    thanks: "Danke.",
    changed: "Gut, das habe ich geändert.",
    person_answers: "Das wird Ihnen ein Mensch beantworten.",
    text_only: "Ich kann hier nur Text lesen; ein Mensch wird es sich ansehen.",
    needed: "Wir brauchen das, um uns bei Ihnen zu melden.",
    stopped: "In Ordnung, ich schreibe nicht mehr. Schreiben Sie START, wenn es weitergehen soll.",
    welcome_back: "Schön, dass Sie wieder da sind!",
    handed_over: "In Ordnung, ab hier übernimmt ein Mensch.",
    given_up: "Belassen wir es dabei. Ein Mensch hilft Ihnen weiter.",
    will_return: "Danke, ein Mensch wird sich bei Ihnen melden.",
    questions: ["Wie heißen Sie?", "Wie lautet Ihre E-Mail-Adresse?", "Unter welcher Telefonnummer erreichen wir Sie?"],
    wrong: [
        "Darin konnte ich keinen Namen erkennen.",
        "Das sieht nicht nach einer E-Mail-Adresse aus. Sie sollte aussehen wie name@example.com.",
        "Das sieht nicht nach einer vollständigen Telefonnummer aus. Bitte mit allen Ziffern, am besten mit Landesvorwahl.",
        "Das ist keine der Möglichkeiten.",
        "Hier brauche ich eine Zahl, zum Beispiel 4.",
        "Darin konnte ich keinen Tag erkennen. Zum Beispiel: 24. März.",
        "Darin konnte ich Tag und Uhrzeit nicht erkennen. Zum Beispiel: 24. März, 15 Uhr.",
        "Darin konnte ich keine Uhrzeit erkennen. Zum Beispiel: 15 Uhr.",
        "Ein Ja oder Nein genügt.",
        "Das habe ich nicht verstanden.",
    ],
};

static FRENCH: Phrases = Phrases {
    thanks: "Merci.",
    changed: "C'est noté, je l'ai modifié.",
    person_answers: "Une personne vous répondra à ce sujet.",
    text_only: "Je ne peux lire que du texte ici ; une personne y jettera un œil.",
    needed: "Nous en avons besoin pour vous recontacter.",
    stopped: "D'accord, je n'écrirai plus. Écrivez START si vous souhaitez reprendre.",
    welcome_back: "Ravi de vous retrouver !",
    handed_over: "D'accord, une personne prend le relais.",
    given_up: "Restons-en là. Une personne va vous aider.",
    will_return: "Merci, une personne vous recontactera.",
    questions: [
        "Quel est votre nom ?",
        "Quelle est votre adresse e-mail ?",
        "À quel numéro pouvons-nous vous joindre ?",
    ],
    wrong: [
        "Je n'ai pas pu y lire un nom.",
        "Cela ne ressemble pas à une adresse e-mail, comme nom@example.com.",
        "Cela ne ressemble pas à un numéro complet. Envoyez tous les chiffres, de préférence avec l'indicatif du pays.",
        "Ce n'est pas l'une des options.",
        "Il me faut un nombre, par exemple 4.",
        "Je n'ai pas pu y lire un jour. Par exemple : 24 mars.",
        "Je n'ai pas pu y lire un jour et une heure. Par exemple : 24 mars à 15:00.",
        "Je n'ai pas pu y lire une heure. Par exemple : 15:00.",
        "Un oui ou un non suffit.",
        "Je n'ai pas compris.",
    ],
};

/// The phrases of a language tag such as `zh-SG`; English for other languages.
pub(super) fn of(language: &str) -> &'static Phrases {
    match language.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "zh" | "cmn" => &CHINESE,
        "ms" => &MALAY,
        "es" => &SPANISH,
        "de" => &GERMAN,
        "fr" => &FRENCH,
        _ => &ENGLISH,
    }
}

impl Phrases {
    /// What is wrong with an answer to a field of that type.
    pub(super) fn wrong(&self, kind: FieldKind) -> &'static str {
        let place = match kind {
            FieldKind::Name => 0,
            FieldKind::Email => 1,
            FieldKind::Phone => 2,
            FieldKind::Choice => 3,
            FieldKind::Number => 4,
            FieldKind::Date => 5,
            FieldKind::Datetime => 6,
            FieldKind::Time => 7,
            FieldKind::YesNo => 8,
            FieldKind::Text => 9,
        };
        self.wrong[place]
    }

    /// The question of a field in the form's words, or, where it has none of its own, in the form's language. The options
    /// of a choice are listed below it unless the question has them.
    pub(super) fn question(&self, field: &Field) -> String {
        let own = field.has_own_question();
        let place = [NAME, EMAIL, PHONE].iter().position(|key| *key == field.key);
        let question = place.filter(|_| !own).map_or(field.question.as_str(), |place| self.questions[place]);
        if field.options.is_empty() || field.options.iter().all(|option| question.contains(option.as_str())) {
            return question.to_owned();
        }
        let options = field.options.iter().enumerate().map(|(place, option)| format!("\n{}. {option}", place + 1));
        format!("{question}{}", options.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form::Form;

    /// Longest sentence that the agent says of its own, in characters: two lines of a chat.
    const SENTENCE_CHARS_MAX: usize = 120;

    fn all(phrases: &Phrases) -> Vec<&'static str> {
        let Phrases { thanks, changed, person_answers, text_only, needed, stopped, welcome_back, handed_over, .. } =
            phrases;
        let Phrases { given_up, will_return, questions, wrong, .. } = phrases;
        let single = [thanks, changed, person_answers, text_only, needed, stopped, welcome_back, handed_over];
        single.into_iter().chain([given_up, will_return]).chain(questions).chain(wrong).copied().collect()
    }

    #[test]
    fn every_sentence_is_there_and_short_in_every_language() {
        for phrases in [&ENGLISH, &CHINESE, &MALAY, &SPANISH, &GERMAN, &FRENCH] {
            for sentence in all(phrases) {
                assert!((1..=SENTENCE_CHARS_MAX).contains(&sentence.chars().count()), "{sentence:?}");
                assert_eq!(sentence.trim(), sentence);
            }
        }
    }

    #[test]
    fn the_document_lists_every_english_sentence() {
        let document = include_str!("../../docs/agent.md");
        for sentence in all(&ENGLISH) {
            assert!(document.contains(sentence), "docs/agent.md lacks {sentence:?}");
        }
        for field in Form::default_form().fields {
            assert!(document.contains(&field.question), "docs/agent.md lacks {:?}", field.question);
        }
        let form = Form::default_form();
        assert!(document.contains(&form.greeting) && document.contains(&form.closing), "{form:?}");
    }
}
