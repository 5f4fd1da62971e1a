//! One reader for ten languages: the forms of the book, sentences that mean the same in all of them, and what must not matter.

use std::collections::BTreeMap;

use aurix::agent::{Context, Taken, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Share of CLDR's forms that are read exactly, at least, in each language.
const EXACT_MIN: f64 = 0.95;
const FIELDS: &str =
    r#"[{"key":"name","type":"name"},{"key":"when","type":"datetime"},{"key":"people","type":"number"}]"#;

fn now() -> Timestamp {
    // A Saturday.
    "2026-11-21T04:00:00Z".parse().expect("the test is well-formed")
}

fn form(language: &str, fields: &str) -> Form {
    Form::parse(&format!(r#"{{"language":"{language}","fields":{fields}}}"#)).expect("the test is well-formed")
}

fn taken(form: &Form, now: Timestamp, text: &str, asked: &[&str]) -> Vec<Taken> {
    let requested: Vec<String> = asked.iter().map(|key| (*key).to_owned()).collect();
    let (region, timezone) = (Region::SINGAPORE, &TimeZone::UTC);
    read(&Context { form, region, timezone, now, language: None }, text, &requested).taken
}

fn values(form: &Form, text: &str, asked: &[&str]) -> BTreeMap<String, String> {
    taken(form, now(), text, asked).into_iter().map(|taken| (taken.key, taken.value)).collect()
}

#[test]
fn the_forms_of_the_book_are_read_in_every_language() {
    let cases: Vec<(String, String, String, String)> = serde_json::from_str(include_str!("cldr.json")).unwrap();
    let mut scores: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    for (language, kind, text, expected) in &cases {
        let fields = r#"[{"key":"date","type":"date"},{"key":"time","type":"time"},{"key":"number","type":"number"}]"#;
        let found = values(&form(language, fields), text, &[kind.as_str()]);
        let score = scores.entry((language.as_str(), kind.as_str())).or_default();
        score.1 += 1;
        match found.get(kind) {
            Some(value) if value == expected => score.0 += 1,
            found => wrong.push(format!("{language} {kind} {text:?}: {found:?}, not {expected}")),
        }
    }
    for ((language, kind), (exact, all)) in scores {
        let share = f64::from(exact) / f64::from(all);
        println!("figure: agent, forms of CLDR, {language} {kind}: {share:.3} of {all} exact");
        assert!(share >= EXACT_MIN, "{language} {kind}: {share:.3}\n{}", wrong.join("\n"));
    }
}

/// The same appointment, as people write it in each language.
const PARALLEL: &[(&str, &[(&str, &str)])] = &[
    (
        "2026-11-22T15:00",
        &[
            ("en", "tomorrow at 3 pm"),
            ("es", "mañana a las 3 de la tarde"),
            ("pt", "amanhã às 3 da tarde"),
            ("zh", "明天下午3点"),
            ("ms", "esok pukul 3 petang"),
            ("id", "besok jam 3 sore"),
            ("ru", "завтра в 3 часа дня"),
            ("ar", "غدا الساعة 3 عصرا"),
            ("de", "morgen um 15 Uhr"),
            ("fr", "demain à 15h"),
        ],
    ),
    (
        "2026-11-27T19:30",
        &[
            ("en", "Friday at half past seven in the evening"),
            ("es", "el viernes a las siete y media de la tarde"),
            ("pt", "sexta-feira às sete e meia da noite"),
            ("zh", "星期五晚上七点半"),
            ("ms", "jumaat pukul tujuh setengah malam"),
            ("id", "jumat jam setengah delapan malam"),
            ("ru", "в пятницу в половине восьмого вечера"),
            ("ar", "الجمعة الساعة السابعة والنصف مساء"),
            ("de", "am Freitag um halb acht abends"),
            ("fr", "vendredi à sept heures et demie du soir"),
        ],
    ),
    (
        "2027-03-05T10:15",
        &[
            ("en", "5 March at 10:15 in the morning"),
            ("es", "el 5 de marzo a las 10:15 de la mañana"),
            ("pt", "5 de março às 10:15 da manhã"),
            ("zh", "3月5号上午10点15分"),
            ("ms", "5 Mac pukul 10:15 pagi"),
            ("id", "5 Maret jam 10:15 pagi"),
            ("ru", "5 марта в 10:15 утра"),
            ("ar", "5 مارس الساعة 10:15 صباحا"),
            ("de", "am 5. März um 10:15 morgens"),
            ("fr", "le 5 mars à 10:15 du matin"),
        ],
    ),
    (
        "2026-12-05",
        &[
            ("en", "in two weeks"),
            ("es", "en dos semanas"),
            ("pt", "daqui a duas semanas"),
            ("zh", "两周后"),
            ("ms", "dalam dua minggu"),
            ("id", "dua minggu lagi"),
            ("ru", "через две недели"),
            ("ar", "بعد أسبوعين"),
            ("de", "in zwei Wochen"),
            ("fr", "dans deux semaines"),
        ],
    ),
    (
        "2026-11-23",
        &[
            ("en", "the day after tomorrow"),
            ("es", "pasado mañana"),
            ("pt", "depois de amanhã"),
            ("zh", "后天"),
            ("ms", "lusa"),
            ("id", "lusa"),
            ("ru", "послезавтра"),
            ("ar", "بعد غد"),
            ("de", "übermorgen"),
            ("fr", "après-demain"),
        ],
    ),
];

#[test]
fn sentences_that_mean_the_same_give_the_same() {
    for (expected, lines) in PARALLEL {
        for (language, text) in *lines {
            let found = values(&form(language, FIELDS), text, &["when"]);
            assert_eq!(found.get("when").map(String::as_str), Some(*expected), "{language}: {text:?}");
            // A form in English is answered in other languages as well, and by words of one language alone.
            let found = values(&form("en", FIELDS), text, &["when"]);
            let other = found.get("when").map(String::as_str);
            assert!(
                other.is_none_or(|value| value == *expected),
                "{language} in a form in English: {text:?} gave {other:?}"
            );
        }
    }
}

#[test]
fn people_are_counted_in_every_language() {
    for (language, text, expected) in [
        ("en", "a table for 4 people", "4"),
        ("en", "a table for thirty-two people", "32"),
        ("es", "una mesa para treinta y dos personas", "32"),
        ("pt", "mesa para trinta e duas pessoas", "32"),
        ("zh", "我们三十二个人", "32"),
        ("ms", "untuk tiga puluh dua orang", "32"),
        ("id", "buat tiga puluh dua orang", "32"),
        ("ru", "столик на тридцать два человека", "32"),
        ("ar", "طاولة لاثنين وثلاثين شخصا", "32"),
        ("de", "ein Tisch für zweiunddreißig Personen", "32"),
        ("fr", "une table pour trente-deux personnes", "32"),
        ("es", "una mesa para doscientas personas", "200"),
        ("pt", "mesa para duzentas pessoas", "200"),
        ("ar", "نحن واحد وعشرون شخصا", "21"),
        ("fr", "nous serons soixante-douze personnes", "72"),
        ("es", "una mesa para 4 personas", "4"),
        ("es", "somos cinco", "5"),
        ("pt", "mesa para quatro pessoas", "4"),
        ("zh", "我们四个人", "4"),
        ("zh", "3位", "3"),
        ("ms", "untuk empat orang", "4"),
        ("id", "buat 4 orang", "4"),
        ("ru", "столик на четверых", "4"),
        ("ru", "нас будет 4 человека", "4"),
        ("ar", "طاولة لأربعة أشخاص", "4"),
        ("de", "ein Tisch für vier Personen", "4"),
        ("fr", "une table pour quatre personnes", "4"),
        ("fr", "nous sommes 4", "4"),
        ("es", "mi esposa y yo", "2"),
        ("de", "meine Frau und ich", "2"),
        ("fr", "ma femme et moi", "2"),
    ] {
        let found = values(&form(language, FIELDS), text, &["people"]);
        assert_eq!(found.get("people").map(String::as_str), Some(expected), "{language}: {text:?}");
    }
    for (language, text) in [
        ("es", "por 3 noches"),
        ("pt", "por 3 noites"),
        ("zh", "住三晚"),
        ("ms", "untuk 3 malam"),
        ("id", "untuk 3 malam"),
        ("ru", "на 3 ночи"),
        ("de", "für 3 Nächte"),
        ("fr", "pour 3 nuits"),
        ("ar", "لمدة 3 ليال"),
    ] {
        assert_eq!(values(&form(language, FIELDS), text, &["people"]).get("people"), None, "{language}: {text:?}");
    }
}

#[test]
fn names_are_introduced_in_many_languages() {
    for (text, expected) in [
        ("my name is Sarah Lee", "Sarah Lee"),
        ("me llamo José García", "José García"),
        ("Meu nome é João da Silva", "João da Silva"),
        ("我叫陈伟明", "陈伟明"),
        ("免贵姓王", "王"),
        ("nama saya Siti binti Ali", "Siti binti Ali"),
        ("Меня зовут Анна Иванова", "Анна Иванова"),
        ("меня зовут анна", "анна"),
        ("اسمي محمد علي", "محمد علي"),
        ("Ich heiße Jürgen von Berg", "Jürgen von Berg"),
        ("je m'appelle Marie-Claire Dupont", "Marie-Claire Dupont"),
        ("mi chiamo Luca Rossi", "Luca Rossi"),
        ("mijn naam is Jan de Vries", "Jan de Vries"),
        ("私の名前は田中太郎です", "田中太郎"),
        ("ฉันชื่อสมชาย", "สมชาย"),
        ("मेरा नाम राहुल शर्मा है", "राहुल शर्मा"),
        ("benim adım Ayşe Yılmaz", "Ayşe Yılmaz"),
        ("tên tôi là Nguyễn Văn An", "Nguyễn Văn An"),
        ("nazywam się Jan Kowalski", "Jan Kowalski"),
        ("jag heter Erik", "Erik"),
        ("jmenuji se Petr Novák", "Petr Novák"),
        ("με λένε Γιώργος", "Γιώργος"),
        ("мене звати Олена", "Олена"),
        ("קוראים לי דוד", "דוד"),
        ("my name is सूर्य सिंह", "सूर्य सिंह"),
        ("ang pangalan ko ay Maria Santos", "Maria Santos"),
        ("mă numesc Ion Popescu", "Ion Popescu"),
    ] {
        for asked in [&["name"][..], &[]] {
            let found = values(&form("en", FIELDS), text, asked);
            assert_eq!(found.get("name").map(String::as_str), Some(expected), "{text:?}");
        }
    }
}

/// Messages with their values, for what must not change them.
const MESSAGES: &[(&str, &str)] = &[
    ("en", "My name is Sarah Lee, a table for 4 people tomorrow at 3 pm"),
    ("es", "Me llamo José García, una mesa para 4 personas mañana a las 3 de la tarde"),
    ("pt", "Meu nome é João Silva, mesa para 4 pessoas amanhã às 3 da tarde"),
    ("ms", "Nama saya Aminah Yusof, untuk 4 orang esok pukul 3 petang"),
    ("id", "Nama saya Budi Santoso, untuk 4 orang besok jam 3 sore"),
    ("ru", "Меня зовут Анна Иванова, столик на 4 человека завтра в 3 часа дня"),
    ("de", "Mein Name ist Jürgen Berg, ein Tisch für 4 Personen morgen um 3 Uhr nachmittags"),
    ("fr", "Je m'appelle Marie Dupont, une table pour 4 personnes demain à 3 heures de l'après-midi"),
];

#[test]
fn what_must_not_matter_does_not() {
    let wide = |text: &str| text.replace('4', "４").replace('3', "３");
    let arabic = |text: &str| text.replace('4', "٤").replace('3', "٣");
    let marked = |text: &str| format!("\u{200e}{}\u{200f}", text.replace('3', "\u{2068}3\u{2069}"));
    let spaced = |text: &str| text.replace(' ', "\u{a0} ");
    let cheerful = |text: &str| format!("{text} 😊🙏");
    for (language, text) in MESSAGES {
        let form = form(language, FIELDS);
        let plain = values(&form, text, &[]);
        assert_eq!(
            plain.get("when").map(String::as_str),
            Some("2026-11-22T15:00"),
            "{language}: {text:?} gave {plain:?}"
        );
        assert_eq!(plain.get("people").map(String::as_str), Some("4"), "{language}: {text:?} gave {plain:?}");
        assert!(plain.contains_key("name"), "{language}: {text:?} gave {plain:?}");
        let variants = [wide(text), arabic(text), marked(text), spaced(text), cheerful(text), format!("  {text}\n")];
        for variant in variants {
            let mut found = values(&form, &variant, &[]);
            found.insert("name".to_owned(), found["name"].split_whitespace().collect::<Vec<_>>().join(" "));
            assert_eq!(found, plain, "{language}: {variant:?}");
        }
        let shouted = values(&form, &text.to_uppercase(), &["when", "people"]);
        assert_eq!(
            (shouted.get("when"), shouted.get("people")),
            (plain.get("when"), plain.get("people")),
            "{language}"
        );
        let bare: String = text
            .replace(['á', 'à', 'â', 'ã'], "a")
            .replace(['é', 'ê', 'è'], "e")
            .replace(['ó', 'õ'], "o")
            .replace('ñ', "n");
        assert_eq!(values(&form, &bare, &[]).get("when"), plain.get("when"), "{language}: {bare:?}");
        // A day later, "tomorrow" is a day later, and nothing else has changed.
        let later = now().checked_add(24.hours()).unwrap();
        let moved: BTreeMap<String, String> =
            taken(&form, later, text, &[]).into_iter().map(|taken| (taken.key, taken.value)).collect();
        assert_eq!(moved.get("when").map(String::as_str), Some("2026-11-23T15:00"), "{language}");
        assert_eq!((moved.get("people"), moved.get("name")), (plain.get("people"), plain.get("name")), "{language}");
    }
}
