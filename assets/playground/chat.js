// The chat: opens with the text that the link prefilled, sends what is written, and shows what comes back.
import { $ } from "./dom.js";
import { feed } from "./feed.js";
import { messageList } from "./messages.js";
import { currentPerson } from "./person.js";
import { botChat } from "./bot.js";
import { initials, showClock } from "./screen.js";
import { suggestions } from "./suggestions.js";

const person = currentPerson();
const state = await (await fetch("/playground/state")).json();
const text = $("#text");
const hint = $("#hint");
const presence = $("#presence");
const messages = messageList($("#messages"), $("main"));
const offers = suggestions($("#suggestions"), state.fields, person, send);
const bot = botChat(person, { send, shareNumber });
const me = bot?.me ?? person.wa_id;

showClock();
document.title = `${state.business_name} · Aurix playground`;
$("#business").textContent = state.business_name;
$(".avatar").textContent = initials(state.business_name);
presence.textContent = bot?.presence ?? "online";
prefill(new URLSearchParams(location.search).get("text"));
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendWritten();
});
$("#composer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendWritten();
});
text.addEventListener("input", fit);
feed.listen(happened, window);
bot?.open(new URLSearchParams(location.search).get("start"));
$("#composer button").disabled = false;

function prefill(prefilled) {
  if (!prefilled) return;
  text.value = prefilled;
  fit();
  hint.textContent = "Written by the link, with the click’s reference in it. Just send it.";
  hint.hidden = false;
}

/** Makes the field as high as what is in it, in browsers that do not (`field-sizing`). */
function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}

function sendWritten() {
  const written = text.value.trim();
  if (!written) return;
  text.value = "";
  fit();
  hint.hidden = true;
  // Sent is sent: reopening the chat by going back shows it in the chat, not in the composer.
  history.replaceState(null, "", location.pathname);
  send(written);
}

function send(written) {
  return post(written, { text: written });
}

function press(key) {
  return post(key.text, { text: key.text, press: key.press });
}

function shareNumber() {
  return post(`${person.name} · +${person.wa_id}`, { shares_number: true });
}

async function post(shown, said) {
  offers.clear();
  const bubble = messages.sending(shown);
  try {
    const response = await fetch(bot?.path ?? "/playground/phone/send", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ person: person.wa_id, name: person.name, ...said }),
    });
    if (!response.ok) throw new Error(`responded ${response.status}`);
    messages.sent(bubble);
  } catch {
    messages.failed(bubble);
  }
}

function happened({ kind, data }) {
  if (data.person !== me) return;
  if (kind === "typing") {
    messages.typing();
    presence.textContent = "typing…";
  } else if (kind === "message") {
    messages.message(data);
    if (data.direction !== "out") return;
    presence.textContent = bot?.presence ?? "online";
    if (data.keyboard) offers.show(data.keyboard.flat(), bot?.press ?? press);
    else offers.offer(data.text);
  }
}
