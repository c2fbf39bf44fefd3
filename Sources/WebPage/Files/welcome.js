// What is shown before the first question: what the model is for, by its card, and examples that it answers rightly.

import { byID, h } from "./dom.js";
import { language, t } from "./language.js";
import { MarkdownView } from "./markdown.js";

/** `about` is what the server knows of the model; `missing` are packages it lacks; `take` is given a chosen question. */
export function showWelcome(model, about, missing, take) {
    const code = language().split("-", 1)[0];
    // A card may have a text in one language alone.
    const inLanguage = (texts) => texts?.[code] ?? texts?.en ?? Object.values(texts ?? {})[0] ?? "";
    const examples = about?.examples ?? [];
    byID("empty").replaceChildren(
        h("h2", {}, t("emptyTitle")),
        h("p", {}, model ? t("emptyText", model, inLanguage(about?.summary)) : ""),
        h("div", { class: "examples", hidden: examples.length === 0 }, ...examples.map(({ title, text }) => {
            const words = h("span", { class: "markdown" });
            new MarkdownView(words).update(text, true);
            // A paragraph does not belong into a button; its content does.
            const content = words.firstElementChild ?? words;
            return h("button", { type: "button", class: "example", onclick: () => take(text) },
                h("span", { class: "kind" }, inLanguage(title)), h("span", { lang: about.language }, ...content.childNodes));
        })),
        ...(missing.length ? [h("p", { class: "hint missing-note" }, t("missing", missing.join(" ")))] : [])
    );
}
