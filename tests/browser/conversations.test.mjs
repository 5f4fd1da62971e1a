// A conversation that a person takes from the agent at the last moment and gives back, and one that is erased.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OWNER, startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { png } from "./support/png.mjs";
import { signIn } from "./support/console.mjs";
import { until } from "./support/until.mjs";

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

async function openLead(page, name) {
  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  await page.getByRole("link", { name }).click();
  await page.getByRole("heading", { name }).waitFor();
}

test("taken over while the agent is about to speak, it says nothing more until it is given back", async (t) => {
  const { whatsapp } = business;
  const { page } = await signIn(t, browser, business);
  const arjun = business.person({ name: "Arjun Rao", waId: "6591110002" });
  await arjun.asks("Do you mend bells?");
  // The agent's next reply is under way and does not end; the one behind it waits.
  whatsapp.hold();
  const first = await arjun.asks("I am Arjun Rao");
  await arjun.writes("arjun@example.com");
  await openLead(page, "Arjun Rao");
  await until("the agent's reply that waits", async () => {
    await page.reload();
    return (await page.getByRole("log").getByText("being sent").count()) === 2;
  });
  await page.getByRole("button", { name: "Take over" }).click();
  await page.getByText("With Mei Tan").first().waitFor();
  await page.getByLabel("Reply to Arjun Rao").fill("Mei here: we do.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText("Mei here: we do.").waitFor();
  whatsapp.release();
  await until("Mei's reply", () => whatsapp.texts.includes("Mei here: we do."));
  assert.deepEqual(whatsapp.texts.slice(-2), [first, "Mei here: we do."]);
  await page.reload();
  await page.getByText("not sent: a person answered first").first().waitFor();

  await arjun.writes("Thank you, what does it cost?");
  await until("the question", async () => {
    await page.reload();
    return page.getByRole("log").getByText("what does it cost?").isVisible();
  });
  assert.equal(whatsapp.texts.at(-1), "Mei here: we do.");
  await page.getByRole("button", { name: "Give back" }).click();
  await page.getByText("With Mei Tan").first().waitFor({ state: "detached" });
  await until("the agent's answer", () => whatsapp.texts.at(-1) !== "Mei here: we do.");
});

test("a person is erased by typing the word, and nothing of them is found any more", async (t) => {
  const { page } = await signIn(t, browser, business);
  await business.person({ name: "Priya Nair", waId: "6591110003" }).asks("I am Priya Nair, priya@example.com");
  await openLead(page, "Priya Nair");
  await page.getByRole("link", { name: "Erase" }).click();
  await page.getByText("the words of 2 messages").waitFor();
  await page.getByLabel("Type ERASE to confirm").fill("erase");
  await page.getByRole("button", { name: "Erase for good" }).click();
  await page.getByRole("alert").getByText("Nobody was erased").waitFor();
  await page.getByRole("link", { name: "Type ERASE in capitals to erase this person." }).waitFor();
  await page.getByLabel("Type ERASE to confirm").fill("ERASE");
  await page.getByRole("button", { name: "Erase for good" }).click();
  await page.getByText("This person was erased.").waitFor();
  const text = await page.getByRole("main").innerText();
  for (const gone of ["Priya", "priya@example.com", "6591110003"]) assert.ok(!text.includes(gone), gone);

  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  await page.getByRole("searchbox", { name: "Search leads" }).fill("Priya");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByText("Nobody found").waitFor();
  await page.goto(`${business.url}/p/${business.project}/settings/audit`);
  await page.getByRole("row").filter({ hasText: "person.erase" }).filter({ hasText: OWNER.email }).waitFor();
});

test("a picture that somebody sent is seen, and a file is given under its name", async (t) => {
  const { page } = await signIn(t, browser, business);
  const lena = business.person({ name: "Lena Vogel", waId: "6591110009" });
  await lena.asks("hello");
  await lena.sendsFile("media1", png(320, 200));
  await lena.sendsFile("media2", Buffer.from("<script>alert(1)</script>"), "my list.html");
  await openLead(page, "Lena Vogel");
  const picture = page.getByRole("log").getByRole("img", { name: "The picture that was sent" });
  await until("the picture", async () => {
    await page.reload();
    return (await picture.count()) === 1 && (await page.getByRole("link", { name: "my list.html · 1 KB" }).count()) === 1;
  });
  await picture.scrollIntoViewIfNeeded();
  await until("its pixels", () => picture.evaluate((image) => image.naturalWidth === 320));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "my list.html · 1 KB" }).click()]);
  assert.equal(download.suggestedFilename(), "my list.html");
});

test("somebody who wrote two days ago is written to with an approved template", async (t) => {
  const { page } = await signIn(t, browser, business);
  await business.person({ name: "Omar Haddad", waId: "6591110010" }).wrote("Is my bike done?", 2);
  await openLead(page, "Omar Haddad");
  await page.getByRole("link", { name: "Send a template" }).click();
  await page.getByRole("button", { name: "Choose pick_up" }).click();
  await page.getByLabel("In place of {{1}}").fill("Omar");
  await page.getByLabel("In place of {{2}}").fill("bike");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText("Hello Omar, your bike is ready.").waitFor();
  await until("the template", () => business.whatsapp.sentTemplates.some(({ name }) => name === "pick_up"));
});
