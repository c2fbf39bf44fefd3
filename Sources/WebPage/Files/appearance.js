// Theme and language, each at a button of its own.

import { byID, icon } from "./dom.js";
import { language, languages, t } from "./language.js";
import { settings } from "./storage.js";

const darkSystem = matchMedia("(prefers-color-scheme: dark)");

/** Shows the page in a theme; "system" follows the system. */
export function chooseTheme(name) {
    settings.set("theme", name === "system" ? null : name);
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    showAppearance();
}

const isDark = () => (settings.get("theme") ?? (darkSystem.matches ? "dark" : "light")) === "dark";

/** The language that the button offers. */
const otherLanguage = () => Object.keys(languages).find((code) => code !== language());

/** Lets the buttons act; `changed` is told the name of a setting. */
export function addAppearance(changed) {
    byID("theme").addEventListener("click", () => {
        chooseTheme(isDark() ? "light" : "dark");
        changed("theme");
    });
    byID("language").addEventListener("click", () => {
        settings.set("language", otherLanguage());
        changed("language");
    });
    darkSystem.addEventListener("change", showAppearance);
}

/** Says on the buttons what they do. */
export function showAppearance() {
    const theme = byID("theme");
    const words = t(isDark() ? "lightTheme" : "darkTheme");
    theme.replaceChildren(icon(isDark() ? "sun" : "moon"));
    theme.title = words;
    theme.setAttribute("aria-label", words);
    const other = otherLanguage();
    const button = byID("language");
    button.textContent = languages[other][2];
    button.lang = other;
    button.title = languages[other][0];
    button.setAttribute("aria-label", languages[other][0]);
}
