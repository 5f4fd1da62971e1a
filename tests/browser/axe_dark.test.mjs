// Every page of the console by axe, in the dark theme.
import { everyPageIsAccessible } from "./support/every_page.mjs";

everyPageIsAccessible("dark");
