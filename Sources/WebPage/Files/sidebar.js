// The conversations that the browser keeps.

import { byID, h, iconButton } from "./dom.js";
import { language, t } from "./language.js";
import { conversations } from "./storage.js";

export class Sidebar {
    /** `hooks`: open(conversation), removed(conversation), and shown() is the one that is open. */
    constructor(hooks) {
        this.hooks = hooks;
    }

    async show() {
        const list = await conversations.all().catch(() => []);
        const shown = this.hooks.shown().id;
        byID("conversations").replaceChildren(...list.filter(({ nodes }) => nodes.length).map((conversation) => {
            const title = conversation.title || t("untitled");
            return h("li", { class: conversation.id === shown && "current" },
                h("button", {
                    type: "button",
                    class: "open",
                    "aria-current": conversation.id === shown && "true",
                    onclick: () => this.hooks.open(conversation),
                }, h("span", { class: "title" }, title), h("time", {
                    datetime: new Date(conversation.updated).toISOString(),
                }, ago(conversation.updated))),
                iconButton("trash", t("deleteChat", title), () => this.remove(conversation)));
        }));
        const words = conversations.isLasting ? t("noHistory") : t("notKept");
        const note = byID("history-note");
        note.textContent = words;
        note.hidden = conversations.isLasting && list.length > 0;
    }

    async remove(conversation) {
        await conversations.remove(conversation.id);
        this.hooks.removed(conversation);
        await this.show();
        const undo = async () => {
            await conversations.save(conversation);
            await this.show();
        };
        toast(t("deleted"), t("undo"), undo);
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
