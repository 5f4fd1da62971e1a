//! Sentences without a value for the form: complaints, banks, parcels, travel that went wrong, chatter. Hardly any gives a value.

use aurix::agent::{Context, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

/// Share of sentences without a value from which one is taken, at most.
const FALSE_MAX: f64 = 0.001;
const FIELDS: &str = r#"[{"key":"name","type":"name"},{"key":"email","type":"email"},{"key":"phone","type":"phone"},{"key":"day","type":"date"},
    {"key":"slot_time","type":"time"},{"key":"people","type":"number"}]"#;

/// By language: sentences with `{t}` for a time, and times.
const TOLD: &[(&str, &[&str], &[&str])] = &[
    (
        "en",
        &[
            "My card was declined {t}",
            "I was charged twice {t}",
            "The app has not worked since {t}",
            "I sent the money {t} and it never arrived",
            "Why was my payment rejected {t}?",
            "I topped up {t} but my balance is still zero",
            "Someone used my card {t} without asking me",
            "The parcel was supposed to come {t}",
            "Your driver left it in the rain {t}",
            "I lost my passport at the airport {t}",
            "My luggage went missing {t} and nobody helps",
            "The flight was delayed {t} and I missed my connection",
            "I forgot my pin {t}",
            "It stopped working {t}",
            "I waited an hour {t} and nobody came",
            "The food was cold {t}",
            "We ate there {t} and got sick",
            "My order from {t} is still missing",
            "I have called you five times since {t}",
            "Your website was down {t}",
            "I got an error when I tried to log in {t}",
            "The exchange rate was different {t}",
            "How long does a transfer from {t} take?",
            "The cash machine kept my card {t}",
            "I never got the refund from {t}",
            "The waiter was rude to us {t}",
            "Somebody stole my phone {t}",
            "The delivery came broken {t}",
            "I have been locked out of my account since {t}",
            "My identity check failed {t}",
            "The verification code did not come {t}",
            "I moved house {t} and my card went to the old address",
            "It rained all day {t}",
            "I was so tired {t}",
            "My train was late {t} again",
            "I read about you {t} in the newspaper",
        ],
        &["today", "this morning", "yesterday", "on Monday", "last night", "last Friday", "at 5pm", "two days ago"],
    ),
    (
        "es",
        &[
            "Mi tarjeta fue rechazada {t}",
            "Me cobraron dos veces {t}",
            "El pedido de {t} no llegó",
            "La transferencia de {t} todavía no está en mi cuenta",
            "Me bloquearon la cuenta {t}",
            "Perdí mi tarjeta {t}",
            "Compré un billete {t} y no recibí nada",
            "Esperé una hora {t} y no vino nadie",
            "El reembolso de {t} no aparece",
            "Intenté pagar {t} y no funciona",
        ],
        &["hoy", "ayer", "esta mañana", "el lunes", "anoche"],
    ),
    (
        "pt",
        &[
            "Meu cartão foi recusado {t}",
            "Fui cobrado duas vezes {t}",
            "O pacote de {t} não chegou",
            "A transferência de {t} ainda não caiu na conta",
            "Minha conta foi bloqueada {t}",
            "Perdi meu cartão {t}",
            "Esperei uma hora {t} e ninguém veio",
            "Tentei pagar {t} e deu erro no cartão",
        ],
        &["hoje", "ontem", "na segunda-feira", "esta manhã"],
    ),
    (
        "zh",
        &[
            "我的银行卡{t}被拒了",
            "{t}的快递还没收到",
            "{t}转账失败了",
            "{t}等了一个小时没人来",
            "我的账户{t}被冻结了",
            "{t}扣款扣了两次",
            "{t}买的东西要退款",
        ],
        &["今天", "昨天", "星期一", "今天早上"],
    ),
    (
        "ms",
        &[
            "Kad saya ditolak {t}",
            "Bungkusan {t} tak sampai",
            "Saya dicaj dua kali {t}",
            "Akaun saya disekat {t}",
            "Saya tunggu sejam {t} dan tiada siapa datang lagi, kad pun hilang",
        ],
        &["hari ini", "semalam", "pagi ini"],
    ),
    (
        "id",
        &[
            "Kartu saya ditolak {t}",
            "Paket dari {t} tidak sampai",
            "Rekening saya diblokir {t}",
            "Transfer {t} gagal",
            "Saya ditagih dua kali {t}",
        ],
        &["hari ini", "kemarin", "tadi pagi"],
    ),
    (
        "ru",
        &[
            "Мою карту отклонили {t}",
            "Деньги списали дважды {t}",
            "Посылка не пришла {t}",
            "Мой счёт заблокировали {t}",
            "Перевод не дошёл {t}, верните деньги",
            "Я потерял карту {t}",
            "Звонил вам {t}, никто не ответил",
        ],
        &["сегодня", "вчера", "в понедельник", "сегодня утром"],
    ),
    (
        "ar",
        &["تم رفض بطاقتي {t}", "لم يصل الطرد {t}", "فشل التحويل {t}", "فقدت بطاقتي {t}", "حسابي محظور منذ {t}"],
        &["اليوم", "أمس", "يوم الاثنين"],
    ),
    (
        "de",
        &[
            "Meine Karte wurde {t} abgelehnt",
            "Das Geld wurde {t} zweimal abgebucht",
            "Das Paket ist {t} nicht angekommen",
            "Mein Konto wurde {t} gesperrt",
            "Ich habe {t} meine Karte verloren",
            "Ich habe {t} eine Stunde gewartet",
            "Die Überweisung von {t} fehlt noch",
        ],
        &["heute", "gestern", "am Montag", "heute Morgen"],
    ),
    (
        "fr",
        &[
            "Ma carte a été refusée {t}",
            "J'ai été débité deux fois {t}",
            "Le colis n'est pas arrivé {t}",
            "Mon compte a été bloqué {t}",
            "J'ai perdu ma carte {t}",
            "J'ai attendu une heure {t}",
            "Le virement de {t} a échoué",
        ],
        &["aujourd'hui", "hier", "lundi", "ce matin"],
    ),
];

/// Chatter, as people write it between two answers.
const CHATTER: &[&str] = &[
    "lol",
    "haha ok",
    "thanks, appreciate it",
    "great, thank you so much",
    "hmm let me think",
    "one moment please",
    "no worries",
    "that's it for now",
    "I'll get back to you",
    "sounds good to me",
    "are you a robot?",
    "is anybody there",
    "you guys are the best",
    "good morning",
    "have a nice day",
    "see you tomorrow",
    "it is what it is",
    "what a day",
    "I am not sure yet",
    "it depends",
    "maybe later",
    "never mind",
    "just looking around",
    "do you have vegan food",
    "how much is a session",
    "what's your address",
    "where are you located",
    "can I bring my dog",
    "is there wifi",
    "I love this place",
    "best coffee in town",
    "the view is amazing",
    "my friend told me about you",
    "I saw your ad on Instagram",
    "Are you open on Sundays?",
    "what time do you close",
    "is parking free",
    "do you take credit cards",
    "I need more information",
    "hola",
    "buenas tardes",
    "muchas gracias",
    "¿cuánto cuesta?",
    "¿dónde están?",
    "obrigado",
    "quanto custa?",
    "onde vocês ficam?",
    "谢谢",
    "多少钱",
    "你们在哪里",
    "terima kasih",
    "berapa harga?",
    "makasih kak",
    "harganya berapa ya",
    "спасибо",
    "сколько стоит?",
    "где вы находитесь?",
    "شكرا جزيلا",
    "كم السعر؟",
    "vielen Dank",
    "was kostet das?",
    "merci beaucoup",
    "combien ça coûte ?",
    "use it at a point of sale",
    "follow me @jane.doe",
    "24/7 support is a must",
    "that was 100% wrong",
    "I rate it 5 stars",
    "my favourite number is 7",
    "version 2.5 is out",
    "call it a day",
    "May I ask something",
];

#[test]
fn sentences_without_a_value_give_none() {
    let now = "2026-11-21T04:00:00Z".parse().unwrap();
    let mut sentences: Vec<(&str, String)> = Vec::new();
    for (language, templates, times) in TOLD {
        for (template, time) in templates.iter().flat_map(|template| times.iter().map(move |time| (template, time))) {
            let sentence = template.replace("{t}", time);
            sentences.extend(
                [format!("{sentence}."), sentence.to_lowercase(), format!("Hello, {}", sentence)]
                    .map(|sentence| (*language, sentence)),
            );
        }
    }
    sentences.extend(CHATTER.iter().map(|text| ("en", (*text).to_owned())));
    let mut wrong = Vec::new();
    for (language, sentence) in &sentences {
        let form = Form::parse(&format!(r#"{{"language":"{language}","fields":{FIELDS}}}"#)).unwrap();
        let (region, timezone) = (Region::SINGAPORE, &TimeZone::UTC);
        let taken = read(&Context { form: &form, region, timezone, now, language: None }, sentence, &[]).taken;
        wrong.extend((!taken.is_empty()).then(|| format!("{sentence:?}: {} = {}", taken[0].key, taken[0].value)));
    }
    let count = |list: usize| f64::from(u32::try_from(list).unwrap());
    let share = count(wrong.len()) / count(sentences.len());
    println!(
        "figure: agent, {} sentences without a value in ten languages: taken from {:.2} %",
        sentences.len(),
        100.0 * share
    );
    assert!(share <= FALSE_MAX, "{:.2} %:\n{}", 100.0 * share, wrong.join("\n"));
}
