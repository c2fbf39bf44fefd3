// The conversations that the browser keeps: by date, to be searched, renamed and deleted.

import { byID, h, iconButton } from "./dom.js";
import { language, t } from "./language.js";
import { conversations } from "./storage.js";
import { toast } from "./toast.js";

export class Sidebar {
    /** `hooks`: open(id), renamed(id, title), removed(id), restored(id), and shown() is the id of the one that is open. */
    constructor(hooks) {
        this.hooks = hooks;
        this.field = byID("search");
        this.turn = 0;
        this.field.addEventListener("input", () => {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.show(), 120);
        });
        this.field.addEventListener("keydown", (event) => {
            if (event.key !== "Escape" || !this.field.value) return;
            event.stopPropagation();
            this.field.value = "";
            this.show();
        });
    }

    async show() {
        const turn = ++this.turn;
        const sought = this.field.value.trim();
        const list = await (sought ? conversations.search(sought) : conversations.entries()).catch(() => []);
        // A later call has begun, or a name is being written.
        if (turn !== this.turn || byID("conversations").querySelector("form")) return;
        const groups = Map.groupBy(list, ({ updated }) => period(updated));
        byID("conversations").replaceChildren(...[...groups].map(([name, entries]) => h("section", { "aria-label": name },
            h("h2", {}, name),
            h("ul", {}, ...entries.map((entry) => this.item(entry))))));
        const note = byID("history-note");
        note.textContent = sought ? t("nothingFound") : conversations.isLasting ? t("noHistory") : t("notKept");
        note.hidden = list.length > 0 && (sought !== "" || conversations.isLasting);
        this.field.hidden = !sought && list.length === 0;
    }

    item(entry) {
        const title = entry.title || t("untitled");
        const isShown = entry.id === this.hooks.shown();
        const item = h("li", { class: isShown && "current", "data-id": entry.id },
            h("button", {
                type: "button",
                class: "open",
                "aria-current": isShown && "true",
                onclick: () => this.hooks.open(entry.id),
            }, h("span", { class: "title" }, title),
            h("time", { datetime: new Date(entry.updated).toISOString() }, moment(entry.updated))),
            iconButton("edit", t("renameChat", title), () => this.rename(item, entry)),
            iconButton("trash", t("deleteChat", title), () => this.remove(entry.id)));
        return item;
    }

    /** Makes the name a field: Enter keeps what is written, Escape what was. */
    rename(item, entry) {
        const field = h("input", { type: "text", maxlength: 200, "aria-label": t("newName") });
        field.value = entry.title;
        let isDone = false;
        const end = async (isKept) => {
            if (isDone) return;
            isDone = true;
            form.remove();
            if (isKept && field.value.trim() !== entry.title) await this.hooks.renamed(entry.id, field.value.trim());
            await this.show();
            byID("conversations").querySelector(`[data-id="${entry.id}"] .open`)?.focus();
        };
        const form = h("form", { class: "rename", onsubmit: (event) => {
            event.preventDefault();
            end(true);
        } }, field);
        field.addEventListener("keydown", (event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            end(false);
        });
        field.addEventListener("blur", () => end(true));
        item.replaceChildren(form);
        field.select();
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

/** Days from one time to another, by the calendar. */
function daysAgo(time) {
    const midnight = (of) => new Date(of).setHours(0, 0, 0, 0);
    return Math.round((midnight(Date.now()) - midnight(time)) / 86_400_000);
}

/** What times are listed under. */
function period(time) {
    const days = daysAgo(time);
    if (days < 1) return t("periods.today");
    if (days < 2) return t("periods.yesterday");
    if (days < 7) return t("periods.week");
    if (days < 30) return t("periods.month");
    return new Date(time).toLocaleDateString(language(), { year: "numeric", month: "long" });
}

function moment(time) {
    const format = daysAgo(time) < 2 ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" };
    return new Date(time).toLocaleString(language(), format);
}
