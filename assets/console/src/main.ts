// What pages do beyond links and forms. Everything works without it but what is live.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./copy-button";
import "./sortable-list";
import "./widget-preview";
import { focusWhatIsSaid } from "./focus";
import { keepTimes } from "./times";

focusWhatIsSaid();
keepTimes();
