// The conversations that the browser keeps.

import { byID, h, iconButton } from "./dom.js";
import { language, t } from "./language.js";
import { conversations } from "./storage.js";

export class Sidebar {
    /** `hooks`: open(id), removed(id), restored(id), and shown() is the id of the one that is open. */
    constructor(hooks) {
        this.hooks = hooks;
    }

    async show() {
        const list = await conversations.entries().catch(() => []);
        const shown = this.hooks.shown();
        byID("conversations").replaceChildren(...list.map((entry) => {
            const title = entry.title || t("untitled");
            const open = h("button", {
                type: "button",
                class: "open",
                "aria-current": entry.id === shown && "true",
                onclick: () => this.hooks.open(entry.id),
            }, h("span", { class: "title" }, title),
            h("time", { datetime: new Date(entry.updated).toISOString() }, ago(entry.updated)));
            return h("li", { class: entry.id === shown && "current" }, open,
                iconButton("trash", t("deleteChat", title), () => this.remove(entry.id)));
        }));
        const words = conversations.isLasting ? t("noHistory") : t("notKept");
        const note = byID("history-note");
        note.textContent = words;
        note.hidden = conversations.isLasting && list.length > 0;
    }

    async remove(id) {
        const kept = await conversations.get(id);
        this.hooks.removed(id);
        await conversations.remove(id);
        await this.show();
        toast(t("deleted"), t("undo"), async () => {
            this.hooks.restored(id);
            if (kept) await conversations.save(kept);
            await this.show();
        });
        byID("new-chat").focus();
    }
}

/** A word for some seconds, with something to do about it. */
function toast(words, action, act) {
    const place = byID("toast");
    const button = h("button", { type: "button", class: "text-button" }, action);
    const element = h("div", { class: "toast" }, h("span", {}, words), button);
    button.addEventListener("click", () => {
        element.remove();
        act();
    });
    place.replaceChildren(element);
    setTimeout(() => element.remove(), 8000);
}

function ago(time) {
    const days = Math.floor((Date.now() - time) / 86_400_000);
    const format = days < 1 ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" };
    return new Date(time).toLocaleString(language(), format);
}
