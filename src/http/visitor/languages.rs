//! What visitors read on their way to a chat, in the language that their browser asks for.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// Languages of a header that are looked at.
const WANTED_MAX: usize = 20;

/// The words of the pages in a language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// BCP 47: `en`.
    pub(super) language: &'static str,
    /// Of the window, on the way to Telegram.
    pub(super) opening: &'static str,
    /// Before the handle of a bot.
    pub(super) chat_with: &'static str,
    pub(super) open: &'static str,
    pub(super) open_app: &'static str,
    pub(super) reference: &'static str,
    pub(super) copy: &'static str,
    /// What the reference is for.
    pub(super) purpose: &'static str,
    pub(super) copied: &'static str,
    pub(super) copy_by_hand: &'static str,
    /// In place of a link that nobody made.
    pub(super) no_chat: &'static str,
    pub(super) no_chat_text: &'static str,
    /// In place of one that cannot be looked up now.
    pub(super) not_now: &'static str,
    pub(super) not_now_text: &'static str,
}

impl Words {
    /// In which direction it is written.
    pub(super) fn direction(&self) -> &'static str {
        if self.language == "ar" { "rtl" } else { "ltr" }
    }

    /// Those that a browser asks for; English where it asks for none that we have.
    pub(super) fn wanted(headers: &HeaderMap) -> &'static Self {
        let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut wanted: Vec<(f32, &'static Self)> =
            header.split(',').take(WANTED_MAX).filter_map(|one| Self::of_range(one)).collect();
        // The first of those that are wanted equally counts: the order stays.
        wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        wanted.first().map_or(&LANGUAGES[0], |(_, words)| words)
    }

    /// How much a part of the header wants a language that we have: `pt-BR;q=0.8`.
    fn of_range(range: &str) -> Option<(f32, &'static Self)> {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        // What Indonesian was called until 1989, and some systems still call it.
        let primary = if primary == "in" { "id" } else { primary.as_str() };
        let words = LANGUAGES.iter().find(|words| words.language == primary)?;
        let weight: f32 = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok())?;
        (weight > 0.0 && weight <= 1.0).then_some((weight, words))
    }
}

/// English first.
const LANGUAGES: [Words; 10] = [
    Words {
        language: "en",
        opening: "Opening Telegram",
        chat_with: "Chat with",
        open: "Open Telegram",
        open_app: "Open the app directly",
        reference: "Your reference",
        copy: "Copy",
        purpose: "It goes with the link. Should the chat ask for it, or open without it, paste it there: then we know what you looked at.",
        copied: "Copied.",
        copy_by_hand: "Select the reference and copy it.",
        no_chat: "This link leads to no chat",
        no_chat_text: "Perhaps a letter is missing, or it is not typed as it is printed. Whoever gave it to you has the right one.",
        not_now: "Just a moment",
        not_now_text: "The chat cannot be opened right now. Please try again in a minute.",
    },
    Words {
        language: "es",
        opening: "Abriendo Telegram",
        chat_with: "Chat con",
        open: "Abrir Telegram",
        open_app: "Abrir la aplicación directamente",
        reference: "Tu referencia",
        copy: "Copiar",
        purpose: "Va con el enlace. Si el chat la pide, o se abre sin ella, pégala allí: así sabemos qué estabas viendo.",
        copied: "Copiada.",
        copy_by_hand: "Selecciona la referencia y cópiala.",
        no_chat: "Este enlace no lleva a ningún chat",
        no_chat_text: "Quizá falta una letra o no está escrito como aparece impreso. Quien te lo dio tiene el correcto.",
        not_now: "Un momento",
        not_now_text: "Ahora mismo no se puede abrir el chat. Inténtalo de nuevo en un minuto.",
    },
    Words {
        language: "pt",
        opening: "Abrindo o Telegram",
        chat_with: "Conversar com",
        open: "Abrir o Telegram",
        open_app: "Abrir o aplicativo diretamente",
        reference: "Sua referência",
        copy: "Copiar",
        purpose: "Ela vai junto com o link. Se o chat pedir, ou abrir sem ela, cole-a lá: assim sabemos o que você estava vendo.",
        copied: "Copiada.",
        copy_by_hand: "Selecione a referência e copie.",
        no_chat: "Este link não leva a nenhum chat",
        no_chat_text: "Talvez falte uma letra ou não esteja digitado como está impresso. Quem lhe deu o link tem o correto.",
        not_now: "Um momento",
        not_now_text: "Não é possível abrir o chat agora. Tente de novo em um minuto.",
    },
    Words {
        language: "zh",
        opening: "正在打开 Telegram",
        chat_with: "聊天对象：",
        open: "打开 Telegram",
        open_app: "直接打开应用",
        reference: "您的编号",
        copy: "复制",
        purpose: "编号已包含在链接中。如果聊天中要求提供编号，或打开时没有编号，请粘贴到聊天中：这样我们就知道您看的是什么。",
        copied: "已复制。",
        copy_by_hand: "请选中编号并复制。",
        no_chat: "此链接没有对应的聊天",
        no_chat_text: "可能少了一个字母，或与印刷的不一致。请向提供链接的人索取正确的链接。",
        not_now: "请稍候",
        not_now_text: "现在无法打开聊天，请一分钟后再试。",
    },
    Words {
        language: "ms",
        opening: "Membuka Telegram",
        chat_with: "Sembang dengan",
        open: "Buka Telegram",
        open_app: "Buka aplikasi terus",
        reference: "Rujukan anda",
        copy: "Salin",
        purpose: "Rujukan ini dihantar bersama pautan. Jika sembang memintanya, atau dibuka tanpanya, tampal di situ: maka kami tahu apa yang anda lihat.",
        copied: "Disalin.",
        copy_by_hand: "Pilih rujukan dan salin.",
        no_chat: "Pautan ini tidak menuju ke mana-mana sembang",
        no_chat_text: "Mungkin ada huruf yang tertinggal, atau ia tidak ditaip seperti yang dicetak. Orang yang memberikannya ada pautan yang betul.",
        not_now: "Sebentar",
        not_now_text: "Sembang tidak dapat dibuka sekarang. Sila cuba lagi sebentar nanti.",
    },
    Words {
        language: "id",
        opening: "Membuka Telegram",
        chat_with: "Chat dengan",
        open: "Buka Telegram",
        open_app: "Buka aplikasi langsung",
        reference: "Referensi Anda",
        copy: "Salin",
        purpose: "Referensi ini ikut dengan tautan. Jika chat memintanya, atau terbuka tanpanya, tempelkan di sana: maka kami tahu apa yang Anda lihat.",
        copied: "Tersalin.",
        copy_by_hand: "Pilih referensi lalu salin.",
        no_chat: "Tautan ini tidak menuju ke chat mana pun",
        no_chat_text: "Mungkin ada huruf yang kurang, atau tidak diketik seperti yang tercetak. Orang yang memberikannya punya tautan yang benar.",
        not_now: "Sebentar",
        not_now_text: "Chat tidak dapat dibuka sekarang. Silakan coba lagi sebentar lagi.",
    },
    Words {
        language: "ru",
        opening: "Открываем Telegram",
        chat_with: "Чат с",
        open: "Открыть Telegram",
        open_app: "Открыть сразу в приложении",
        reference: "Ваш код",
        copy: "Скопировать",
        purpose: "Он передаётся вместе со ссылкой. Если в чате его спросят или чат откроется без него, вставьте код туда: так мы поймём, что вы смотрели.",
        copied: "Скопировано.",
        copy_by_hand: "Выделите код и скопируйте его.",
        no_chat: "Эта ссылка не ведёт в чат",
        no_chat_text: "Возможно, пропущена буква или ссылка набрана не так, как напечатана. Верная ссылка есть у того, кто вам её дал.",
        not_now: "Минутку",
        not_now_text: "Сейчас чат открыть не получается. Попробуйте ещё раз через минуту.",
    },
    Words {
        language: "ar",
        opening: "جارٍ فتح تيليجرام",
        chat_with: "محادثة مع",
        open: "فتح تيليجرام",
        open_app: "فتح التطبيق مباشرة",
        reference: "رقمك المرجعي",
        copy: "نسخ",
        purpose: "يُرسل مع الرابط. إذا طُلب منك في المحادثة، أو فُتحت بدونه، فألصقه هناك: هكذا نعرف ما كنت تتصفحه.",
        copied: "تم النسخ.",
        copy_by_hand: "حدّد الرقم المرجعي وانسخه.",
        no_chat: "هذا الرابط لا يؤدي إلى أي محادثة",
        no_chat_text: "ربما ينقصه حرف، أو لم يُكتب كما هو مطبوع. الرابط الصحيح عند من أعطاك إياه.",
        not_now: "لحظة من فضلك",
        not_now_text: "لا يمكن فتح المحادثة الآن. يُرجى المحاولة مرة أخرى بعد دقيقة.",
    },
    Words {
        language: "de",
        opening: "Telegram wird geöffnet",
        chat_with: "Chat mit",
        open: "Telegram öffnen",
        open_app: "Direkt in der App öffnen",
        reference: "Ihre Referenz",
        copy: "Kopieren",
        purpose: "Sie geht mit dem Link mit. Fragt der Chat danach oder öffnet er sich ohne sie, fügen Sie sie dort ein: Dann wissen wir, was Sie sich angesehen haben.",
        copied: "Kopiert.",
        copy_by_hand: "Markieren Sie die Referenz und kopieren Sie sie.",
        no_chat: "Dieser Link führt zu keinem Chat",
        no_chat_text: "Vielleicht fehlt ein Buchstabe, oder er ist nicht so getippt, wie er gedruckt ist. Wer ihn Ihnen gegeben hat, hat den richtigen.",
        not_now: "Einen Moment",
        not_now_text: "Der Chat lässt sich gerade nicht öffnen. Bitte versuchen Sie es in einer Minute noch einmal.",
    },
    Words {
        language: "fr",
        opening: "Ouverture de Telegram",
        chat_with: "Discuter avec",
        open: "Ouvrir Telegram",
        open_app: "Ouvrir directement l’application",
        reference: "Votre référence",
        copy: "Copier",
        purpose: "Elle accompagne le lien. Si la discussion la demande, ou s’ouvre sans elle, collez-la : nous saurons ainsi ce que vous regardiez.",
        copied: "Copiée.",
        copy_by_hand: "Sélectionnez la référence et copiez-la.",
        no_chat: "Ce lien ne mène à aucune discussion",
        no_chat_text: "Il manque peut-être une lettre, ou il n’est pas saisi comme il est imprimé. La personne qui vous l’a donné a le bon.",
        not_now: "Un instant",
        not_now_text: "La discussion ne peut pas s’ouvrir pour le moment. Réessayez dans une minute.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(header: &str) -> &'static str {
        let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, header.parse().expect("a header"))]);
        Words::wanted(&headers).language
    }

    #[test]
    fn what_a_browser_wants_most_of_what_we_have_is_spoken() {
        assert_eq!(Words::wanted(&HeaderMap::new()).language, "en");
        for (header, language) in [
            ("", "en"),
            ("*", "en"),
            ("de-CH, de;q=0.9, en;q=0.8", "de"),
            ("sv, pt-BR;q=0.7, en;q=0.3", "pt"),
            ("en;q=0.3,ar-EG;q=0.9", "ar"),
            ("zh-Hant-TW", "zh"),
            ("in_ID", "id"),
            ("fr;q=0, es;q=0.1", "es"),
            ("ru;q=2, fr;q=nonsense, ms", "ms"),
            ("es, de", "es"),
        ] {
            assert_eq!(wanted(header), language, "{header:?}");
        }
    }

    #[test]
    fn whoever_the_agent_speaks_with_reads_the_pages_too() {
        for language in crate::agent::spoken_languages() {
            assert!(LANGUAGES.iter().any(|words| words.language == language.code), "{}", language.code);
        }
    }

    #[test]
    fn a_long_header_costs_little() {
        assert_eq!(wanted(&format!("{}de", "xx,".repeat(10_000))), "en");
    }

    #[test]
    fn the_words_mean_nothing_in_html() {
        for words in &LANGUAGES {
            let text = format!("{words:?}").replace("\\\"", "").replace('"', "");
            assert!(!text.contains(['<', '>', '&']), "{text}");
        }
        assert_eq!(Words::wanted(&HeaderMap::new()).direction(), "ltr");
        assert_eq!(LANGUAGES.iter().filter(|words| words.direction() == "rtl").count(), 1);
    }
}
