// How answers are drawn, how the page looks, and what it keeps.

import { chooseTheme } from "./appearance.js";
import { byID, h } from "./dom.js";
import { language, languages, number, t } from "./language.js";
import { conversations, key, settings } from "./storage.js";
import { toast } from "./toast.js";
import { exportAll, importAll, TransferError } from "./transfer.js";

/** The numbers that a request may carry, with their bounds; `context` is the model's length. */
function fields(context) {
    return {
        temperature: { min: 0, max: 2, step: "any" },
        top_p: { min: 0, max: 1, step: "any" },
        top_k: { min: 0, max: 1_000_000, step: 1 },
        max_tokens: { min: 1, max: context, step: 1 },
        thinking_token_budget: { min: 0, max: context, step: 1 },
        seed: { min: 0, max: Number.MAX_SAFE_INTEGER, step: 1 },
    };
}

/** The chosen numbers that fit a server's model, as a request names them. */
export function chosenSampling(context) {
    const chosen = Object.entries(fields(context)).map(([name, { min, max }]) => [name, settings.get(name), min, max]);
    return Object.fromEntries(
        chosen.filter(([, value, min, max]) => typeof value === "number" && value >= min && value <= max)
            .map(([name, value]) => [name, value])
    );
}

export class SettingsPanel {
    /** `hooks`: server() tells `page/settings`, context() the model's length, changed(name), enterKey(), imported(), removedAll(). */
    constructor(hooks) {
        this.hooks = hooks;
    }

    show() {
        const { sampling = {} } = this.hooks.server() ?? {};
        const context = Math.min(1_000_000, this.hooks.context());
        const numbers = Object.entries(fields(context)).map(([name, bounds]) => this.numberField(name, bounds, sampling[name]));
        byID("settings-content").replaceChildren(
            this.group("sampling", h("p", { class: "hint" }, t("samplingHint")), ...numbers,
                h("button", { type: "button", class: "button", onclick: () => this.reset(context) }, t("reset"))),
            this.group("instructions", this.instructions()),
            this.group("appearance",
                this.choice("theme", ["system", "light", "dark"].map((name) => [name, t(`themes.${name}`)]),
                    settings.get("theme", "system"), chooseTheme),
                this.choice("language", Object.entries(languages).map(([code, [name]]) => [code, name]), language(),
                    (value) => this.set("language", value))),
            this.group("access", this.access()),
            this.group("data", ...this.transfer(), this.deleteAll())
        );
    }

    group(name, ...children) {
        return h("section", { class: "group", "aria-labelledby": `group-${name}` },
            h("h3", { id: `group-${name}` }, t(name)), ...children);
    }

    numberField(name, { min, max, step }, suggested) {
        const [label, hint] = t(`fields.${name}`);
        const id = `field-${name}`;
        const field = h("input", {
            id, type: "number", inputmode: step === 1 ? "numeric" : "decimal", min, max, step,
            value: settings.get(name), placeholder: suggested ?? null, "aria-describedby": `${id}-hint`,
        });
        const note = h("span", { id: `${id}-hint`, class: "hint" }, hint);
        field.addEventListener("input", () => {
            const isGood = field.validity.valid;
            field.setAttribute("aria-invalid", String(!isGood));
            note.textContent = isGood ? hint : t("outOfRange", number(min), number(max));
            note.classList.toggle("wrong", !isGood);
            if (isGood) this.set(name, field.value === "" ? null : Number(field.value));
        });
        return h("div", { class: "field" }, h("label", { for: id }, label), field, note);
    }

    instructions() {
        const field = h("textarea", { id: "instructions", rows: 4, "aria-describedby": "instructions-hint" });
        field.value = settings.get("instructions", "");
        field.addEventListener("input", () => this.set("instructions", field.value));
        return h("div", { class: "field" }, h("label", { for: "instructions" }, t("systemMessage")), field,
            h("span", { class: "hint", id: "instructions-hint" }, t("instructionsHint")));
    }

    choice(name, options, chosen, choose) {
        const id = `field-${name}`;
        const select = h("select", { id, onchange: (event) => choose(event.target.value) },
            ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
        return h("div", { class: "field" }, h("label", { for: id }, t(name)), select);
    }

    access() {
        const isHeld = Boolean(key.get());
        const act = () => {
            if (isHeld) key.forget();
            else this.hooks.enterKey();
            this.show();
        };
        return h("div", { class: "row between" }, h("span", { class: "hint" }, t(isHeld ? "keyHeld" : "keyNone")),
            h("button", { type: "button", class: "button", onclick: act }, t(isHeld ? "keyForget" : "keyChange")));
    }

    /** All conversations to a file and from one. */
    transfer() {
        const field = h("input", { type: "file", id: "import-file", accept: ".json,application/json", class: "off-screen", tabindex: "-1", "aria-label": t("importAll") });
        field.addEventListener("change", async () => {
            const [file] = field.files;
            field.value = "";
            if (!file) return;
            try {
                const count = await importAll(await file.text());
                toast(t("imported", number(count)));
                this.hooks.imported();
            } catch (error) {
                toast(t(error instanceof TransferError ? "notImported" : "notStored"));
            }
        });
        const button = (words, onclick) => h("button", { type: "button", class: "button", onclick }, words);
        return [
            button(t("exportAll"), async () => toast(t("exported", number(await exportAll())))),
            button(t("importAll"), () => field.click()),
            field,
        ];
    }

    deleteAll() {
        let isSure = false;
        const button = h("button", { type: "button", class: "button danger" }, t("deleteAll"));
        button.addEventListener("click", async () => {
            if (isSure) {
                await conversations.removeAll();
                this.hooks.removedAll();
            }
            isSure = !isSure;
            button.textContent = t(isSure ? "deleteAllSure" : "deleteAll");
        });
        button.addEventListener("blur", () => {
            isSure = false;
            button.textContent = t("deleteAll");
        });
        return button;
    }

    reset(context) {
        for (const name of Object.keys(fields(context))) settings.set(name, null);
        this.show();
        this.hooks.changed("sampling");
    }

    set(name, value) {
        settings.set(name, value);
        this.hooks.changed(name);
    }
}
