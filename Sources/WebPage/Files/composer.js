// Where questions are written.

import { byID, h, icon } from "./dom.js";
import { isMostlyChinese, number, t } from "./language.js";
import { settings } from "./storage.js";

// What the server takes the names of efforts for.
const budgets = [0, 512, 2048, 8192, 32768];

export class Composer {
    /** `hooks`: send(text), stop(), chosen(), server() tells `page/settings`, once it is known, and context() the model's length. */
    constructor(hooks) {
        this.hooks = hooks;
        this.field = byID("prompt");
        this.button = byID("send");
        this.isRunning = false;
        this.field.addEventListener("input", () => this.typed());
        this.field.addEventListener("keydown", (event) => {
            // Enter also ends the choice of a character in an input method.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            this.submit();
        });
        byID("composer").addEventListener("submit", (event) => {
            event.preventDefault();
            if (this.isRunning) hooks.stop();
            else this.submit();
        });
        byID("preset").addEventListener("change", (event) => {
            settings.set("preset", event.target.value);
            hooks.chosen();
        });
        byID("budget").addEventListener("change", (event) => {
            settings.set("thinking_token_budget", event.target.value === "" ? null : Number(event.target.value));
            hooks.chosen();
        });
    }

    submit() {
        const text = this.field.value.trim();
        if (!text || this.isRunning) return;
        this.write("");
        this.hooks.send(text);
    }

    write(text) {
        this.field.value = text;
        this.typed();
    }

    focus() { this.field.focus(); }

    typed() {
        this.field.style.height = "auto";
        this.field.style.height = `${this.field.scrollHeight}px`;
        const hint = isMostlyChinese(this.field.value) ? t("chineseHint") : "";
        const place = byID("hint");
        if (place.textContent !== hint) place.replaceChildren(...(hint ? [icon("bulb"), hint] : []));
        this.showButton();
    }

    /** Shows whether an answer is running: the button then stops it. */
    show(isRunning) {
        this.isRunning = isRunning;
        this.showButton();
    }

    showButton() {
        const name = this.isRunning ? "stop" : "send";
        this.button.disabled = !this.isRunning && !this.field.value.trim();
        if (this.button.dataset.name === name && this.button.title === t(name)) return;
        this.button.dataset.name = name;
        this.button.title = t(name);
        this.button.setAttribute("aria-label", t(name));
        this.button.replaceChildren(icon(name));
    }

    /** The choices beside the field, in the chosen language. */
    showChoices() {
        const option = (value, words, isChosen) => h("option", { value, selected: isChosen }, words);
        const preset = settings.get("preset", "");
        const { presets = [] } = this.hooks.server() ?? {};
        const context = this.hooks.context();
        const names = ["", ...presets.map(({ name }) => name), "custom"];
        byID("preset").replaceChildren(...names.map((name) => {
            const words = t(`presets.${name}`);
            return option(name, words === `presets.${name}` ? name : words, name === preset);
        }));
        const budget = settings.get("thinking_token_budget");
        const counts = [...new Set(budget === null ? budgets : [...budgets, budget])]
            .filter((count) => count < context).sort((a, b) => a - b);
        byID("budget").replaceChildren(
            option("", t("noBudget"), budget === null),
            ...counts.map((count) => option(
                String(count),
                count ? t("budgetOf", number(count)) : t("noThinking"),
                count === budget
            ))
        );
        this.typed();
    }
}
