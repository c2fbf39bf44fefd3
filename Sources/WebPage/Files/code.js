// Blocks of code: highlighted, with their language and a button that copies them.

import { h, icon } from "./dom.js";
import { decodeEntities } from "./entities.js";
import { t } from "./language.js";

// Above this, colours cost more than they help.
const longest = 60_000;

/** A block of code in a language that the text names, if it does. */
export function codeBlock(text, language) {
    const name = /^[\w+#.-]{1,24}$/.test(language) ? language : "";
    return h("figure", { class: "code" },
        h("figcaption", {},
            h("span", {}, name || t("code")),
            h("button", { type: "button", class: "text-button", "data-copy": "code", "aria-label": t("copyCode") },
                icon("copy"), h("span", {}, t("copy")))),
        h("pre", { tabindex: "0", "aria-label": name ? `${t("code")}: ${name}` : t("code"), role: "region" },
            h("code", {}, ...highlighted(text, name))));
}

function highlighted(text, language) {
    const { hljs } = globalThis;
    if (!hljs || !language || text.length > longest || !hljs.getLanguage(language)) return [text];
    try {
        return spans(hljs.highlight(language, text, true).value);
    } catch {
        return [text];
    }
}

/** What the highlighter wrote: text, and spans of one class that may nest. Anything else stays text. */
function spans(markup) {
    const root = document.createDocumentFragment();
    let place = root;
    for (const part of markup.split(/(<span class="[\w\s-]+">|<\/span>)/)) {
        const start = /^<span class="([\w\s-]+)">$/.exec(part);
        if (start) {
            const span = h("span", { class: start[1] });
            place.append(span);
            place = span;
        } else if (part === "</span>") {
            place = place.parentNode ?? root;
        } else if (part) {
            place.append(decodeEntities(part));
        }
    }
    return [...root.childNodes];
}
