// What the interface says, in the chosen language.

import { settings } from "./storage.js";
import { english } from "./english.js";
import { chinese } from "./chinese.js";

/** Each with its own name, its words, and what a button has room for. */
export const languages = { en: ["English", english, "EN"], "zh-CN": ["中文", chinese, "中"] };

/** The chosen language, else the browser's, as `lang` attributes write it. */
export function language() {
    const chosen = settings.get("language");
    if (chosen in languages) return chosen;
    return navigator.language?.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

/** The words for a name such as `errors.busy`, with what they depend on. */
export function t(name, ...values) {
    const words = name.split(".").reduce((table, part) => table?.[part], languages[language()][1]);
    return typeof words === "function" ? words(...values) : words ?? name;
}

/** A number as readers of the language write it. */
export function number(value, digits = 0) {
    return value.toLocaleString(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Seconds, the more exact the fewer they are. */
export const seconds = (value) => number(value, value < 100 ? (value < 1 ? 2 : 1) : 0);

/** A time of any length, in the unit that fits it. */
export function duration(value) {
    const whole = Math.round(value);
    if (whole < 120) return t("seconds", number(whole));
    return whole < 7200 ? t("minutes", number(Math.round(whole / 60))) : t("hours", number(whole / 3600, 1));
}

/** Bytes with a unit. */
export function bytes(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
    const scaled = value / 1024 ** power;
    return `${number(scaled, scaled < 10 && power ? 1 : 0)} ${units[power]}`;
}

/** Puts words where the page's own HTML names them: `data-text` for content, `data-label` for what a control is called. */
export function applyLanguage() {
    document.documentElement.lang = language();
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
    for (const element of document.querySelectorAll("[data-label]")) {
        element.setAttribute("aria-label", t(element.dataset.label));
        if (element.tagName === "BUTTON") element.title = t(element.dataset.label);
    }
    for (const element of document.querySelectorAll("[data-placeholder]")) {
        element.placeholder = t(element.dataset.placeholder);
    }
}

/** Whether Han characters are a large enough share of the letters that a text reads as Chinese; as the server judges. */
export function isMostlyChinese(text) {
    const letters = text.match(/\p{Alphabetic}/gu)?.length ?? 0;
    const han = text.match(/\p{Ideographic}/gu)?.length ?? 0;
    return letters > 0 && han >= 0.3 * letters;
}
