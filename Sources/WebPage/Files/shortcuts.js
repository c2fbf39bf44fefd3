// Keyboard shortcuts, and the sheet that lists them.

import { byID, h } from "./dom.js";
import { t } from "./language.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

// With Ctrl, or ⌘ on a Mac; single letters would get in the way of those who speak to their computers.
const shortcuts = [
    { name: "newChat", key: "o", shift: true },
    { name: "search", key: "k", shift: false },
    { name: "question", key: "j", shift: false },
    { name: "edit", key: "e", shift: true },
    { name: "copyAnswer", key: ";", shift: true, code: "Semicolon" },
    { name: "again", key: "y", shift: true },
    { name: "live", key: "l", shift: true },
    { name: "settings", key: ",", shift: false },
    { name: "help", key: "/", shift: false },
];

// What the fields do by themselves.
const others = [["send", ["Enter"]], ["newLine", ["Shift", "Enter"]], ["stop", ["Esc"]]];

/** Calls the action by its name when its keys are pressed. */
export function addShortcuts(actions) {
    document.addEventListener("keydown", (event) => {
        if (!(isMac ? event.metaKey : event.ctrlKey) || event.altKey || event.isComposing) return;
        const shortcut = shortcuts.find(({ key, code, shift }) =>
            (event.key.toLowerCase() === key || (code && event.code === code)) && event.shiftKey === shift);
        if (!shortcut || (document.querySelector("dialog[open]") && shortcut.name !== "help")) return;
        event.preventDefault();
        actions[shortcut.name]();
    });
    byID("close-help").addEventListener("click", () => byID("help").close());
}

/** Opens or closes the sheet. */
export function toggleHelp() {
    const sheet = byID("help");
    if (sheet.open) {
        sheet.close();
        return;
    }
    const control = isMac ? "⌘" : "Ctrl";
    const rows = [
        ...shortcuts.map(({ name, key, shift }) => [name, [control, ...(shift ? ["Shift"] : []), key.toUpperCase()]]),
        ...others,
    ];
    byID("help-list").replaceChildren(...rows.map(([name, keys]) => h("div", {},
        h("dt", {}, t(`shortcuts.${name}`)),
        h("dd", {}, ...keys.flatMap((key, index) => [index ? "+" : null, h("kbd", {}, key)])))));
    sheet.showModal();
}
