// Every page of the console by axe, in the light theme.
import { everyPageIsAccessible } from "./support/every_page.mjs";

everyPageIsAccessible("light");
