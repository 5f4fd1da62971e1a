// The campaign parameters and click ids that distinguish advertisements. The server parses them; here they only decide
// whether a page load begins a new visit, and which part of a long URL is kept.

const NAMES =
  /^(utm_(source|medium|campaign|term|content|id|source_platform|creative_format|marketing_tactic)|gclid|gbraid|wbraid|dclid|gad_source|fbclid|msclkid|ttclid|twclid|li_fat_id|sccid|epik|rdt_cid|yclid|irclickid)=./i;

/** The known parameters of a URL, still encoded, joined by `&`; empty where it has none. */
export function clickParams(url) {
  const query = url.split("#")[0].split("?").slice(1).join("?");
  return query
    .split("&")
    .filter((pair) => NAMES.test(pair))
    .join("&");
}
