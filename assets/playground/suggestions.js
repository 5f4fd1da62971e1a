// Replies to tap, so that a newcomer need not think one up. They are written as people write, not as a form wants them.
import { el } from "./dom.js";

const SHOWN_MAX = 4;

/** Offers replies to the agent's last question, or the keys that came with it (`show`). A tap sends one. */
export function suggestions(root, fields, person, send) {
  const clear = () => {
    root.replaceChildren();
    root.hidden = true;
  };
  const show = (keys, press) => {
    clear();
    for (const key of keys) {
      const button = el("button", { type: "button" }, key.text);
      button.addEventListener("click", () => press(key));
      root.append(button);
    }
    root.hidden = keys.length === 0;
  };
  const offer = (question) => {
    const field = asked(question, fields);
    const replies = (field ? repliesTo(field, person) : []).slice(0, SHOWN_MAX);
    show(replies.map((text) => ({ text })), ({ text }) => send(text));
  };
  return { offer, show, clear };
}

function asked(question, fields) {
  const said = plain(question);
  return fields.find((field) => field.question && said.includes(plain(field.question)));
}

const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

function repliesTo({ type, options }, { name }) {
  const mailName = name.toLowerCase().replaceAll(" ", ".");
  const byType = {
    name: [`I’m ${name}`, name],
    email: [`${mailName}@example.com`, `${mailName.replaceAll(".", " dot ")} at example dot com`],
    phone: ["call me at nine one two three 4567"],
    choice: options ?? [],
    number: ["2", "just one"],
    date: ["tomorrow", "next Tuesday"],
    datetime: ["tomorrow at 3pm", "Saturday morning, 10.30"],
    yes_no: ["yes please", "no thanks"],
    text: ["the gears slip when I climb"],
  };
  return byType[type] ?? [];
}
