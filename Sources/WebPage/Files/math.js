// Formulas: where they are in Markdown, and how KaTeX draws them.

import { h } from "./dom.js";
import { restored } from "./source.js";

const environments = "equation|align|aligned|alignat|gather|gathered|cases|array|[pbvBV]?matrix|split";
const longest = 20_000;
const pendingLimit = { display: 8000, inline: 600, dollar: 200 };

// Definitions of macros, with which a few letters become endless work in spite of KaTeX's bounds, in the versions that are
// installed. Answers have next to no use for them.
const definition = /\\(?:[gex]?def|let|futurelet|(?:re)?newcommand|providecommand|global|long)(?![a-zA-Z])/;

// The text that is being lexed while more of it will come; null when it is whole.
let streamed = null;

/** Lexes with formulas that have begun, but not ended, at the end of `source` held back. */
export function withStreaming(source, lex) {
    streamed = source?.trimEnd() ?? null;
    try { return lex(); } finally { streamed = null; }
}

/** A formula that runs to the end of what has come so far; when nothing more comes, a block of them is shown as it was written. */
function pending(src, limit, isDisplay, isBlock = false) {
    if (src.length > limit) return undefined;
    if (streamed === null) return isBlock ? { type: "math", raw: src, isDisplay, tex: null } : undefined;
    const end = src.trimEnd();
    return streamed.endsWith(end.slice(end.lastIndexOf("\n") + 1)) ? { type: "math", raw: src, isDisplay, isPending: true } : undefined;
}

// The beginning of a displayed formula whose end has not come.
const unfinishedDisplay = /^(?:\$\$(?![^]*\$\$)|\\\[(?![^]*\\\])|\\begin\{(?:[a-zA-Z]*\*?$|([a-zA-Z]+\*?)\}(?![^]*\\end\{\1\})))/;

const formula = (raw, tex, isDisplay) => ({ type: "math", raw, tex: restored(tex.trim()), isDisplay });

const blockMath = {
    name: "math",
    level: "block",
    start(src) {
        const match = /\n {0,3}(?:\$\$|\\\[|\\begin\{)/.exec(src);
        return match?.index;
    },
    tokenizer(src) {
        let match = /^ {0,3}(?:\$\$((?:\\[^]|[^\\$])+?)\$\$|\\\[([^]+?)\\\])[^\S\n]*(?:\n|$)/.exec(src);
        if (match) return formula(match[0], match[1] ?? match[2], true);
        match = new RegExp(`^ {0,3}(\\\\begin\\{(${environments})\\*?\\}[^]+?\\\\end\\{\\2\\*?\\})[^\\S\\n]*(?:\\n|$)`).exec(src);
        if (match) return formula(match[0], match[1], true);
        const indent = /^ {0,3}/.exec(src)[0].length;
        return unfinishedDisplay.test(src.slice(indent)) ? pending(src, pendingLimit.display, true, true) : undefined;
    },
};

const inlineMath = {
    name: "inlineMath",
    level: "inline",
    start(src) { return /\$|\\\(|\\\[|\\boxed\{|\\begin\{/.exec(src)?.index; },
    tokenizer(src) {
        const match = /^\$\$((?:\\[^]|[^\\$])+?)\$\$/.exec(src) ?? /^\\\[([^]+?)\\\]/.exec(src);
        if (match) return formula(match[0], match[1], true);
        const inside = /^\\\(([^]+?)\\\)/.exec(src) ?? /^\$(?![\s$])((?:\\[^]|[^\\$])*?[^\s\\$]|(?:\\[^]|[^\\$])*?\\[^\s])\$(?!\d)/.exec(src);
        if (inside && !inside[1].includes("\n\n")) return formula(inside[0], inside[1], false);
        if (src.startsWith("\\boxed{")) {
            const end = closingBrace(src, 6);
            return end ? formula(src.slice(0, end), src.slice(0, end), false) : pending(src, pendingLimit.inline, false);
        }
        const environment = new RegExp(`^\\\\begin\\{(${environments})\\*?\\}[^]+?\\\\end\\{\\1\\*?\\}`).exec(src);
        if (environment) return formula(environment[0], environment[0], true);
        if (unfinishedDisplay.test(src)) return pending(src, pendingLimit.display, true);
        if (src.startsWith("\\(")) return pending(src, pendingLimit.inline, false);
        // An amount of money looks like the beginning of a formula, but not for long.
        if (/^\$[^\s$]/.test(src) && !src.includes("\n")) {
            return pending(src, /^\$\d/.test(src) ? 24 : pendingLimit.dollar, false);
        }
        return undefined;
    },
};

export const mathExtensions = [blockMath, inlineMath];

/** The place after the brace that closes the one at `start`. */
function closingBrace(src, start) {
    let depth = 0;
    for (let index = start; index < src.length; index += 1) {
        if (src[index] === "\\") index += 1;
        else if (src[index] === "{") depth += 1;
        else if (src[index] === "}" && --depth === 0) return index + 1;
    }
    return null;
}

// A block that is made again while it grows has many formulas that have not changed.
const drawn = new Map();

/** The element of a formula's token: a span, since a paragraph may hold it. */
export function mathElement({ tex, raw, isDisplay, isPending }) {
    const kind = isDisplay ? "math math-display" : "math";
    if (isPending) return h("span", { class: `${kind} math-pending`, "aria-hidden": "true" }, h("span"), h("span"), h("span"));
    const id = `${isDisplay}${tex ?? raw}`;
    let element = drawn.get(id);
    if (!element) {
        element = draw(tex, raw, isDisplay, kind);
        if (drawn.size > 400) drawn.delete(drawn.keys().next().value);
        drawn.set(id, element);
    }
    return element.cloneNode(true);
}

function draw(tex, raw, isDisplay, kind) {
    const element = h("span", { class: kind });
    try {
        if (!globalThis.katex) throw new Error("The server has no KaTeX.");
        if (tex === null) throw new Error("no end");
        if (tex.length > longest || definition.test(tex)) throw new Error("not drawn");
        // Untrusted: no commands that make links, classes or pictures; bounded expansion and size. Errors are thrown so that
        // the formula is shown as it was written.
        globalThis.katex.render(tex, element, {
            displayMode: isDisplay,
            throwOnError: true,
            trust: false,
            strict: "ignore",
            maxExpand: 1000,
            maxSize: 30,
            macros: {},
        });
    } catch (error) {
        element.replaceChildren(h("code", { class: "math-source", title: String(error.message ?? "") }, restored(raw.trim())));
    }
    return element;
}
