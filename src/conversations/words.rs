//! What is said besides the agent's sentences, in the language of the form: the words on buttons, and what belongs to a platform.

/// Words in one language.
pub(super) struct Words {
    /// On the button that shares the person's own number.
    pub(super) share_number: &'static str,
    /// After a card that is not provably the person's own.
    pub(super) others_card: &'static str,
    /// To who opened the chat without a reference, when somebody has just clicked.
    pub(super) paste_reference: &'static str,
    /// In a group; the address of the private chat follows.
    pub(super) private_only: &'static str,
    /// On the button behind which a platform keeps the options of a choice; at most 20 characters.
    pub(super) choose: &'static str,
    /// The two answers to a yes-no question.
    pub(super) yes_no: [&'static str; 2],
}

/// The words of a BCP 47 tag; English where there are none.
pub(super) fn of(language: &str) -> &'static Words {
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|(tags, _)| tags.contains(&primary.as_str()));
    known.map_or(&ENGLISH, |(_, words)| words)
}

const ENGLISH: Words = Words {
    share_number: "Share my phone number",
    others_card: "Thank you. That looks like somebody else's card.",
    paste_reference: "If you have a reference that begins with O-, please paste it here.",
    private_only: "Hello! I only talk in private chats. Please write to me here:",
    choose: "Choose",
    yes_no: ["Yes", "No"],
};

const LANGUAGES: [(&[&str], Words); 9] = [
    (
        &["zh", "cmn"],
        Words {
            share_number: "分享我的电话号码",
            others_card: "谢谢。这看起来是别人的名片。",
            paste_reference: "如果您有以 O- 开头的编号，请粘贴在这里。",
            private_only: "您好！我只在私聊中回复，请在这里给我写信：",
            choose: "请选择",
            yes_no: ["是", "不是"],
        },
    ),
    (
        &["es"],
        Words {
            share_number: "Compartir mi número",
            others_card: "Gracias. Esa tarjeta parece ser de otra persona.",
            paste_reference: "Si tiene una referencia que empieza por O-, péguela aquí.",
            private_only: "¡Hola! Solo hablo en chats privados. Escríbame aquí:",
            choose: "Elegir",
            yes_no: ["Sí", "No"],
        },
    ),
    (
        &["pt"],
        Words {
            share_number: "Compartilhar meu número",
            others_card: "Obrigado. Esse cartão parece ser de outra pessoa.",
            paste_reference: "Se tiver uma referência que começa com O-, cole-a aqui.",
            private_only: "Olá! Só converso em chats privados. Escreva para mim aqui:",
            choose: "Escolher",
            yes_no: ["Sim", "Não"],
        },
    ),
    (
        &["de"],
        Words {
            share_number: "Meine Nummer teilen",
            others_card: "Danke. Das sieht nach der Karte von jemand anderem aus.",
            paste_reference: "Wenn Sie eine Referenz haben, die mit O- beginnt, fügen Sie sie bitte hier ein.",
            private_only: "Hallo! Ich schreibe nur in privaten Chats. Bitte schreiben Sie mir hier:",
            choose: "Auswählen",
            yes_no: ["Ja", "Nein"],
        },
    ),
    (
        &["fr"],
        Words {
            share_number: "Partager mon numéro",
            others_card: "Merci. Cette fiche semble être celle de quelqu'un d'autre.",
            paste_reference: "Si vous avez une référence qui commence par O-, collez-la ici.",
            private_only: "Bonjour ! Je n'écris qu'en privé. Écrivez-moi ici :",
            choose: "Choisir",
            yes_no: ["Oui", "Non"],
        },
    ),
    (
        &["ms"],
        Words {
            share_number: "Kongsi nombor saya",
            others_card: "Terima kasih. Kad itu nampaknya milik orang lain.",
            paste_reference: "Jika anda ada rujukan yang bermula dengan O-, sila tampal di sini.",
            private_only: "Helo! Saya hanya berbual secara peribadi. Sila tulis kepada saya di sini:",
            choose: "Pilih",
            yes_no: ["Ya", "Tidak"],
        },
    ),
    (
        &["id"],
        Words {
            share_number: "Bagikan nomor saya",
            others_card: "Terima kasih. Kartu itu sepertinya milik orang lain.",
            paste_reference: "Jika Anda punya referensi yang diawali O-, silakan tempel di sini.",
            private_only: "Halo! Saya hanya mengobrol secara pribadi. Silakan tulis ke saya di sini:",
            choose: "Pilih",
            yes_no: ["Ya", "Tidak"],
        },
    ),
    (
        &["ru"],
        Words {
            share_number: "Отправить мой номер",
            others_card: "Спасибо. Похоже, это контакт другого человека.",
            paste_reference: "Если у вас есть код, который начинается с O-, вставьте его сюда.",
            private_only: "Здравствуйте! Я отвечаю только в личных чатах. Напишите мне сюда:",
            choose: "Выбрать",
            yes_no: ["Да", "Нет"],
        },
    ),
    (
        &["ar"],
        Words {
            share_number: "مشاركة رقمي",
            others_card: "شكرًا. تبدو هذه البطاقة لشخص آخر.",
            paste_reference: "إذا كان لديك رقم مرجعي يبدأ بـ O- فألصقه هنا من فضلك.",
            private_only: "مرحبًا! أتحدث في المحادثات الخاصة فقط. اكتب لي هنا:",
            choose: "اختر",
            yes_no: ["نعم", "لا"],
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_language_of_the_form() {
        assert_eq!(of("zh-SG").yes_no[0], "是");
        assert_eq!(of("ms").yes_no, ["Ya", "Tidak"]);
        assert_eq!(of("de-CH").share_number, "Meine Nummer teilen");
        assert_eq!(of("sw").yes_no, ["Yes", "No"]);
        let all = LANGUAGES.iter().map(|(_, words)| words).chain([&ENGLISH]);
        assert!(all.into_iter().all(|words| words.choose.chars().count() <= 20));
    }
}
