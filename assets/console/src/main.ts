// What pages do beyond links and forms. Everything works without it but what is live.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./command-menu";
import "./copy-button";
import "./series-chart";
import "./sortable-list";
import "./widget-preview";
import { clearRows } from "./clear-row";
import { focusWhatIsSaid } from "./focus";
import { hearKeys } from "./hot-keys";
import { tellWhenSeen } from "./seen";
import { countSelected } from "./select-rows";
import { sendFormsOnce } from "./send-once";
import { keepTimes } from "./times";
import { keepDrafts } from "./writing";

clearRows();
countSelected();
focusWhatIsSaid();
hearKeys();
keepDrafts();
keepTimes();
sendFormsOnce();
tellWhenSeen();
