// The campaign parameters and click ids that distinguish advertisements. The server parses them; here they only decide
// whether a page load begins a new visit, and which part of a long URL is kept. `keyword` and `placement`, which the
// server knows too, are missing: a site's own search has them on every page.

const NAMES =
  /^(utm_(source|medium|campaign|term|content|id|source_platform|creative_format|marketing_tactic)|(campaign|adset|ad)_(id|name)|gclid|gbraid|wbraid|dclid|gad_\w+|fbclid|msclkid|ttclid|twclid|li_fat_id|sccid|epik|rdt_cid|yclid|irclickid|oppref)=./i;

/** The known parameters of a URL's query, else of its fragment, still encoded, joined by `&`; empty where it has none. */
export function clickParams(url) {
  const [page, ...fragment] = url.split("#");
  const [, ...query] = page.split("?");
  return known(query.join("?")) || known(fragment.join("#").replace(/^.*\?|^[!/]+/, ""));
}

function known(query) {
  return query
    .split(/&(?:amp;)*/i)
    .filter((pair) => NAMES.test(pair))
    .join("&");
}
