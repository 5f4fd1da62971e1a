// People who press the button on a site, where no browser is needed for it.
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const AT_ONCE = 20;

/** Somebody's click on the widget of a business. */
export async function click({ url, widget }) {
  const response = await fetch(`${url}/c/${widget}`, { headers: { "user-agent": USER_AGENT }, redirect: "manual" });
  if (response.status !== 302) throw new Error(`the click was answered ${response.status}`);
}

export async function clickMany(business, count) {
  for (let left = count; left > 0; left -= AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => click(business)));
  }
}
