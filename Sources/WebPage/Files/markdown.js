// Markdown that grows: what is complete is made into elements once, and only the last block is made again as text comes.
//
// Model output is untrusted. `marked` gives tokens, and elements are made from them here; HTML in the text stays text,
// pictures are not loaded, and links lead to the web or nowhere.

import { h } from "./dom.js";
import { codeBlock } from "./code.js";
import { mathElement, mathExtensions, withStreaming } from "./math.js";
import { tokenizer } from "./emphasis.js";
import { decodeEntities } from "./entities.js";
import { morph } from "./morph.js";
import { restored, SourceText } from "./source.js";

let lexerOptions = null;

function lex(source, isStreaming) {
    if (!lexerOptions) {
        globalThis.marked.use({ extensions: mathExtensions, tokenizer });
        lexerOptions = { ...globalThis.marked.getDefaults(), ...globalThis.marked.defaults, gfm: true };
    }
    return withStreaming(isStreaming ? source : null, () => new globalThis.marked.Lexer(lexerOptions).lex(source));
}

/** A text in an element, as Markdown; as plain text where the server has no `marked`. */
export class MarkdownView {
    /** `breaks` keeps the lines of a text that a person typed, or of thoughts. */
    constructor(container, { breaks = false } = {}) {
        this.container = container;
        this.breaks = breaks;
        this.source = new SourceText();
        // Characters and elements that will not change any more.
        this.committed = 0;
        this.settled = 0;
        this.whole = null;
    }

    /** Shows the text so far, which begins with what was shown before; `isDone` when nothing more will come. */
    update(text, isDone) {
        // Shown whole already.
        if (isDone && text.length === this.whole) return;
        this.whole = isDone ? text.length : null;
        if (!globalThis.marked) {
            this.container.classList.add("plain");
            morph(this.container, 0, text ? [document.createTextNode(text)] : []);
            return;
        }
        this.source.extend(text, isDone);
        let tokens = lex(this.source.visible(this.committed, isDone), !isDone);
        if (!isDone) tokens = this.settle(tokens);
        morph(this.container, this.settled, this.elements(tokens));
    }

    /** Settles every block but the last, which the next words may still change, and returns that. */
    settle(tokens) {
        const last = tokens.findLastIndex((token) => token.type !== "space");
        if (last <= 0) return tokens;
        const raw = tokens.slice(0, last).map((token) => token.raw).join("");
        if (!this.source.text.startsWith(raw, this.committed)) return tokens;
        const elements = this.elements(lex(raw, false));
        morph(this.container, this.settled, elements);
        this.settled += elements.length;
        this.committed += raw.length;
        return tokens.slice(last);
    }

    elements(tokens) { return tokens.flatMap((token) => block(token, this.breaks)); }
}

function block(token, breaks) {
    const inside = () => inlines(token.tokens, breaks);
    const blocks = (tokens) => tokens.flatMap((child) => block(child, breaks));
    switch (token.type) {
        case "space":
        case "def":
            return [];
        case "heading":
            // The first rank is the page's.
            return [h(`h${Math.min(6, token.depth + 1)}`, {}, ...inside())];
        case "paragraph": return [h("p", {}, ...inside())];
        case "text": return token.tokens ? inside() : [text(token.raw)];
        case "code": return [codeBlock(restored(token.text), (token.lang ?? "").trim().split(/[\s{]/, 1)[0])];
        case "math": return [mathElement(token)];
        case "blockquote": return [h("blockquote", {}, ...blocks(token.tokens))];
        case "hr": return [h("hr")];
        case "list": {
            const start = token.ordered && token.start !== 1 ? token.start : null;
            const items = token.items.map((item) => {
                const box = item.task && h("span", { class: "task", role: "img", "aria-label": item.checked ? "☑" : "☐" },
                    item.checked ? "☑ " : "☐ ");
                return h("li", { class: item.task && "task-item" }, box, ...blocks(item.tokens));
            });
            return [h(token.ordered ? "ol" : "ul", { start }, ...items)];
        }
        case "table": {
            const cell = (name, content, index) => h(
                name,
                { class: token.align[index] && `align-${token.align[index]}`, scope: name === "th" && "col" },
                ...inlines(content.tokens, breaks)
            );
            const row = (cells, name) => h("tr", {}, ...cells.map((content, index) => cell(name, content, index)));
            return [
                h("div", { class: "table" }, h("table", {},
                    h("thead", {}, row(token.header, "th")),
                    h("tbody", {}, ...token.rows.map((cells) => row(cells, "td"))))),
            ];
        }
        default: return token.raw.trim() ? [h("p", {}, text(token.raw.trim()))] : [];
    }
}

function inlines(tokens, breaks) { return (tokens ?? []).flatMap((token) => inline(token, breaks)); }

function inline(token, breaks) {
    const inside = () => inlines(token.tokens, breaks);
    switch (token.type) {
        case "strong": return [h("strong", {}, ...inside())];
        case "em": return [h("em", {}, ...inside())];
        case "del": return [h("del", {}, ...inside())];
        case "codespan": return [h("code", {}, restored(decodeEntities(token.text)))];
        case "br": return [h("br")];
        case "math": return [mathElement(token)];
        case "escape": return [text(decodeEntities(token.text))];
        case "link": {
            const address = webAddress(token.href);
            return address ? [link(address, inside())] : inside();
        }
        case "image": {
            // A picture's address would be asked for by looking at it; it is offered as a link.
            const address = webAddress(token.href);
            const name = decodeEntities(token.text) || token.href;
            return [address ? link(address, [text(name)]) : text(name)];
        }
        case "text":
            if (token.tokens) return inside();
            return lines(decodeEntities(token.raw), breaks);
        default: return /^<br\s*\/?>$/i.test(token.raw) ? [h("br")] : [text(token.raw)];
    }
}

function lines(content, breaks) {
    if (!breaks) return [text(content)];
    return content.split("\n").flatMap((line, index) => (index ? [h("br"), text(line)] : [text(line)]));
}

const link = (address, children) =>
    h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: address }, ...children);

const text = (content) => document.createTextNode(restored(content));

/** An absolute address that a link may lead to; null for every other, such as one that would be a script. */
function webAddress(href) {
    try {
        const url = new URL(decodeEntities(href));
        return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
    } catch {
        return null;
    }
}
