//! The words of the panel, in the languages of the agent's packs.

use serde::Serialize;

/// Words in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
    /// The first words, unless the channel has its own.
    pub hello: &'static str,
    /// That nobody but a program answers at first (AI Act, article 50).
    pub automated: &'static str,
    /// In the empty field.
    pub write: &'static str,
    /// The button beside it.
    pub send: &'static str,
    /// The button that closes the panel.
    pub close: &'static str,
    /// What the list of messages is called.
    pub messages: &'static str,
    /// Before what the visitor wrote, for screen readers.
    pub you: &'static str,
    /// While an answer is being written.
    pub typing: &'static str,
    /// Somebody has taken over.
    pub person: &'static str,
    /// Nobody has yet.
    pub waiting: &'static str,
    /// Without a connection.
    pub offline: &'static str,
    /// Below a message that did not get through.
    pub not_sent: &'static str,
    /// The button beside that.
    pub again: &'static str,
    /// It has too many characters.
    pub too_long: &'static str,
    /// There were too many messages in a minute.
    pub too_fast: &'static str,
    /// Something else than words was pasted or dropped.
    pub no_files: &'static str,
    /// The chat is gone.
    pub ended: &'static str,
    /// The button that leads to messages further down.
    pub newer: &'static str,
}

/// The words of a BCP 47 tag, with the tag that they are in; `None` where there are none.
pub fn of(language: &str) -> Option<(&'static str, &'static Words)> {
    let primary = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|(tags, _)| tags.contains(&primary.as_str()))?;
    Some((known.0.first()?, &known.1))
}

/// The words for a visitor: of their page's language, else of the form's, else English.
pub fn for_visitor(language: Option<&str>, form: &str) -> (&'static str, &'static Words) {
    language.and_then(of).or_else(|| of(form)).unwrap_or(("en", &LANGUAGES[0].1))
}

const LANGUAGES: [(&[&str], Words); 10] = [
    (
        &["en"],
        Words {
            hello: "Hello! How can we help you?",
            automated: "An automated assistant answers here. A person can take over.",
            write: "Write a message",
            send: "Send",
            close: "Close the chat",
            messages: "Messages",
            you: "You",
            typing: "An answer is being written",
            person: "A person is answering now.",
            waiting: "A person will answer you here.",
            offline: "No connection. We keep trying.",
            not_sent: "Not sent.",
            again: "Try again",
            too_long: "Shorten your message to 4,000 characters.",
            too_fast: "That was a lot at once. Wait a moment, then go on.",
            no_files: "Files cannot be sent here. Tell us in words what they show.",
            ended: "This chat has ended. Your next message begins a new one.",
            newer: "New messages",
        },
    ),
    (
        &["zh", "cmn"],
        Words {
            hello: "您好！有什么可以帮您？",
            automated: "这里由自动助手回复，必要时由人工接手。",
            write: "输入消息",
            send: "发送",
            close: "关闭聊天",
            messages: "消息",
            you: "您",
            typing: "正在输入回复",
            person: "现在由人工为您回复。",
            waiting: "人工客服将在这里回复您。",
            offline: "网络已断开，正在重试。",
            not_sent: "未发送。",
            again: "重试",
            too_long: "请将消息缩短到 4,000 个字符以内。",
            too_fast: "发送得太快了，请稍等片刻再继续。",
            no_files: "这里不能发送文件，请用文字描述。",
            ended: "此聊天已结束。您的下一条消息将开始新的聊天。",
            newer: "新消息",
        },
    ),
    (
        &["es"],
        Words {
            hello: "¡Hola! ¿En qué podemos ayudarle?",
            automated: "Aquí responde un asistente automático. Una persona puede continuar.",
            write: "Escriba un mensaje",
            send: "Enviar",
            close: "Cerrar el chat",
            messages: "Mensajes",
            you: "Usted",
            typing: "Se está escribiendo una respuesta",
            person: "Ahora le responde una persona.",
            waiting: "Una persona le responderá aquí.",
            offline: "Sin conexión. Seguimos intentándolo.",
            not_sent: "No enviado.",
            again: "Reintentar",
            too_long: "Acorte el mensaje a 4.000 caracteres.",
            too_fast: "Son muchos mensajes a la vez. Espere un momento y continúe.",
            no_files: "Aquí no se pueden enviar archivos. Cuéntenos con palabras qué muestran.",
            ended: "Este chat ha terminado. Su próximo mensaje abrirá uno nuevo.",
            newer: "Mensajes nuevos",
        },
    ),
    (
        &["pt"],
        Words {
            hello: "Olá! Como podemos ajudar?",
            automated: "Quem responde aqui é um assistente automático. Uma pessoa pode assumir a conversa.",
            write: "Escreva uma mensagem",
            send: "Enviar",
            close: "Fechar o chat",
            messages: "Mensagens",
            you: "Você",
            typing: "Uma resposta está sendo escrita",
            person: "Agora uma pessoa está respondendo.",
            waiting: "Uma pessoa responderá aqui.",
            offline: "Sem conexão. Continuamos tentando.",
            not_sent: "Não enviada.",
            again: "Tentar de novo",
            too_long: "Encurte a mensagem para 4.000 caracteres.",
            too_fast: "Foram muitas mensagens de uma vez. Espere um momento e continue.",
            no_files: "Não é possível enviar arquivos aqui. Conte com palavras o que eles mostram.",
            ended: "Este chat terminou. Sua próxima mensagem começa um novo.",
            newer: "Novas mensagens",
        },
    ),
    (
        &["de"],
        Words {
            hello: "Guten Tag! Wie können wir helfen?",
            automated: "Hier antwortet ein automatischer Assistent. Ein Mensch kann übernehmen.",
            write: "Nachricht schreiben",
            send: "Senden",
            close: "Chat schließen",
            messages: "Nachrichten",
            you: "Sie",
            typing: "Eine Antwort wird geschrieben",
            person: "Jetzt antwortet Ihnen ein Mensch.",
            waiting: "Ein Mensch wird Ihnen hier antworten.",
            offline: "Keine Verbindung. Wir versuchen es weiter.",
            not_sent: "Nicht gesendet.",
            again: "Noch einmal",
            too_long: "Kürzen Sie die Nachricht auf 4.000 Zeichen.",
            too_fast: "Das war viel auf einmal. Warten Sie einen Moment und schreiben Sie dann weiter.",
            no_files: "Dateien können hier nicht gesendet werden. Beschreiben Sie in Worten, was sie zeigen.",
            ended: "Dieser Chat ist beendet. Ihre nächste Nachricht beginnt einen neuen.",
            newer: "Neue Nachrichten",
        },
    ),
    (
        &["fr"],
        Words {
            hello: "Bonjour ! Comment pouvons-nous vous aider ?",
            automated: "Un assistant automatique répond ici. Une personne peut prendre le relais.",
            write: "Écrire un message",
            send: "Envoyer",
            close: "Fermer la discussion",
            messages: "Messages",
            you: "Vous",
            typing: "Une réponse est en cours d'écriture",
            person: "Une personne vous répond maintenant.",
            waiting: "Une personne vous répondra ici.",
            offline: "Pas de connexion. Nous réessayons.",
            not_sent: "Non envoyé.",
            again: "Réessayer",
            too_long: "Raccourcissez le message à 4 000 caractères.",
            too_fast: "Cela fait beaucoup d'un coup. Attendez un instant avant de continuer.",
            no_files: "Il n'est pas possible d'envoyer des fichiers ici. Décrivez avec des mots ce qu'ils montrent.",
            ended: "Cette discussion est terminée. Votre prochain message en commence une nouvelle.",
            newer: "Nouveaux messages",
        },
    ),
    (
        &["ms"],
        Words {
            hello: "Helo! Apa yang boleh kami bantu?",
            automated: "Pembantu automatik menjawab di sini. Seseorang boleh mengambil alih.",
            write: "Tulis mesej",
            send: "Hantar",
            close: "Tutup sembang",
            messages: "Mesej",
            you: "Anda",
            typing: "Jawapan sedang ditulis",
            person: "Seseorang sedang menjawab anda sekarang.",
            waiting: "Seseorang akan menjawab anda di sini.",
            offline: "Tiada sambungan. Kami terus mencuba.",
            not_sent: "Tidak dihantar.",
            again: "Cuba lagi",
            too_long: "Pendekkan mesej kepada 4,000 aksara.",
            too_fast: "Terlalu banyak sekali gus. Tunggu sebentar, kemudian teruskan.",
            no_files: "Fail tidak boleh dihantar di sini. Terangkan kandungannya dengan perkataan.",
            ended: "Sembang ini telah tamat. Mesej anda yang seterusnya memulakan yang baharu.",
            newer: "Mesej baharu",
        },
    ),
    (
        &["id"],
        Words {
            hello: "Halo! Ada yang bisa kami bantu?",
            automated: "Asisten otomatis menjawab di sini. Seseorang dapat mengambil alih.",
            write: "Tulis pesan",
            send: "Kirim",
            close: "Tutup obrolan",
            messages: "Pesan",
            you: "Anda",
            typing: "Jawaban sedang ditulis",
            person: "Seseorang sedang menjawab Anda sekarang.",
            waiting: "Seseorang akan menjawab Anda di sini.",
            offline: "Tidak ada koneksi. Kami terus mencoba.",
            not_sent: "Tidak terkirim.",
            again: "Coba lagi",
            too_long: "Persingkat pesan menjadi 4.000 karakter.",
            too_fast: "Terlalu banyak sekaligus. Tunggu sebentar, lalu lanjutkan.",
            no_files: "File tidak dapat dikirim di sini. Jelaskan isinya dengan kata-kata.",
            ended: "Obrolan ini sudah berakhir. Pesan Anda berikutnya memulai yang baru.",
            newer: "Pesan baru",
        },
    ),
    (
        &["ru"],
        Words {
            hello: "Здравствуйте! Чем мы можем помочь?",
            automated: "Здесь отвечает автоматический помощник. К разговору может подключиться человек.",
            write: "Напишите сообщение",
            send: "Отправить",
            close: "Закрыть чат",
            messages: "Сообщения",
            you: "Вы",
            typing: "Пишем ответ",
            person: "Теперь вам отвечает человек.",
            waiting: "Человек ответит вам здесь.",
            offline: "Нет соединения. Мы продолжаем попытки.",
            not_sent: "Не отправлено.",
            again: "Повторить",
            too_long: "Сократите сообщение до 4000 знаков.",
            too_fast: "Слишком много сразу. Подождите немного и продолжайте.",
            no_files: "Файлы здесь отправить нельзя. Опишите словами, что на них.",
            ended: "Этот чат завершён. Следующее сообщение начнёт новый.",
            newer: "Новые сообщения",
        },
    ),
    (
        &["ar"],
        Words {
            hello: "مرحبًا! كيف يمكننا مساعدتك؟",
            automated: "يجيب هنا مساعد آلي، ويمكن أن يتولى شخص المحادثة.",
            write: "اكتب رسالة",
            send: "إرسال",
            close: "إغلاق المحادثة",
            messages: "الرسائل",
            you: "أنت",
            typing: "تجري كتابة رد",
            person: "يجيبك شخص الآن.",
            waiting: "سيجيبك شخص هنا.",
            offline: "لا يوجد اتصال. نواصل المحاولة.",
            not_sent: "لم تُرسل.",
            again: "أعد المحاولة",
            too_long: "اختصر رسالتك إلى 4000 حرف.",
            too_fast: "هذا كثير دفعة واحدة. انتظر لحظة ثم تابع.",
            no_files: "لا يمكن إرسال الملفات هنا. صف لنا بالكلمات ما فيها.",
            ended: "انتهت هذه المحادثة. رسالتك التالية تبدأ محادثة جديدة.",
            newer: "رسائل جديدة",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_page_and_then_the_form() {
        assert_eq!(for_visitor(Some("zh-Hant-HK"), "de").0, "zh");
        assert_eq!(for_visitor(Some("sw"), "de-CH").0, "de");
        assert_eq!(for_visitor(None, "sw").0, "en");
        assert_eq!(for_visitor(Some("AR_EG"), "en").1.send, "إرسال");
    }

    #[test]
    fn every_language_has_every_word() {
        for (tags, words) in &LANGUAGES {
            let json = serde_json::to_value(words).expect("JSON");
            let empty = json.as_object().expect("an object").values().filter(|word| word.as_str() == Some("")).count();
            assert_eq!(empty, 0, "{tags:?}");
        }
        let unknown = LANGUAGES.iter().filter(|(tags, _)| crate::agent::language_name(tags[0]).is_none()).count();
        assert_eq!((LANGUAGES.len(), unknown), (10, 0), "one for each of the agent's packs");
    }
}
