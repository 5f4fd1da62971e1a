// The scenario that every engine has to pass, in Chromium.
import { startChromium } from "./support/engines/chromium.mjs";
import { testEngine } from "./support/engines/scenario.mjs";

testEngine(startChromium);
