// The scenario that every engine has to pass, in WebKit.
import { startWebKit } from "./support/engines/webkit.mjs";
import { testEngine } from "./support/engines/scenario.mjs";

testEngine(startWebKit);
