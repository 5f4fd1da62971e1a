// The scenario that every engine has to pass, in Firefox.
import { startFirefox } from "./support/engines/firefox.mjs";
import { testEngine } from "./support/engines/scenario.mjs";

testEngine(startFirefox);
