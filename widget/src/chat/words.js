// What the panel says before the server has given it the words of the chat: of languages that the server speaks, too.

/** Connecting; no chat here; the link to the chat elsewhere; the button that closes the panel; the panel's name. */
const WORDS = {
  en: ["Connecting…", "The chat does not work on this page.", "Open it on its own page", "Close the chat", "Chat"],
  zh: ["正在连接…", "此页面无法使用聊天。", "在单独的页面中打开", "关闭聊天", "聊天"],
  es: ["Conectando…", "El chat no funciona en esta página.", "Abrirlo en su propia página", "Cerrar el chat", "Chat"],
  pt: ["Conectando…", "O chat não funciona nesta página.", "Abri-lo em sua própria página", "Fechar o chat", "Chat"],
  de: ["Verbindung wird hergestellt …", "Der Chat funktioniert auf dieser Seite nicht.", "Auf seiner eigenen Seite öffnen", "Chat schließen", "Chat"],
  fr: ["Connexion…", "La discussion ne fonctionne pas sur cette page.", "L’ouvrir sur sa propre page", "Fermer la discussion", "Discussion"],
  ms: ["Menyambung…", "Sembang tidak berfungsi di halaman ini.", "Buka di halamannya sendiri", "Tutup sembang", "Sembang"],
  id: ["Menghubungkan…", "Obrolan tidak berfungsi di halaman ini.", "Buka di halamannya sendiri", "Tutup obrolan", "Obrolan"],
  ru: ["Соединяемся…", "На этой странице чат не работает.", "Открыть на отдельной странице", "Закрыть чат", "Чат"],
  ar: ["جارٍ الاتصال…", "المحادثة لا تعمل في هذه الصفحة.", "فتحها في صفحة مستقلة", "إغلاق المحادثة", "محادثة"],
};

/** The words of the first of these languages that there are words in, else English: `{language, connecting, …}`. */
export function firstWords(...tags) {
  const primaries = tags.map((tag) => (tag || "").split(/[-_]/)[0].toLowerCase());
  const language = primaries.find((primary) => Object.keys(WORDS).includes(primary)) || "en";
  const [connecting, unavailable, elsewhere, close, name] = WORDS[language];
  return { language, connecting, unavailable, elsewhere, close, name };
}
