// The phone's home screen: the time, whose phone it is, and the chat's last message once there is one.
import { $, phoneText } from "./dom.js";
import { feed } from "./feed.js";
import { currentPerson } from "./person.js";
import { initials, showClock } from "./screen.js";

const person = currentPerson();
const { number, bot, business_name } = await (await fetch("/playground/state")).json();
const notification = $("#notification");

showClock();
$("#date").textContent = new Date().toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long" });
$("#name").textContent = `${person.name}’s phone`;
$("#number").textContent = phoneText(person.wa_id);
notification.href = `/playground/phone/${number.replace(/\D/g, "")}`;
$("b", notification).textContent = business_name;
$(".avatar", notification).textContent = initials(business_name);
feed.listen(({ kind, data }) => {
  const isBots = data.person === `tg:${person.wa_id}`;
  if (kind !== "message" || !(isBots || data.person === person.wa_id)) return;
  notification.href = isBots ? `/playground/phone/telegram/${bot}` : `/playground/phone/${number.replace(/\D/g, "")}`;
  notification.hidden = false;
  $("#waiting").hidden = true;
  $(".preview", notification).textContent = data.text;
}, window);
