// A Markdown text as it arrives, in the form that the lexer takes without changing its length.

import { withoutArithmetic } from "./emphasis.js";

// Stand for signs that the lexer would take for something else: a tab within code, and the signs of a sum that is written
// below each other, which would begin lists and headings.
const sentinels = { "\t": "\ue009", "*": "\ue00a", "+": "\ue00b", "-": "\ue00c", "=": "\ue00d", "_": "\ue00e" };
const signs = new Map(Object.entries(sentinels).map(([sign, sentinel]) => [sentinel, sign]));

/** A text with its own signs again. */
export const restored = (content) => content.replace(/[\ue009-\ue00e]/g, (sentinel) => signs.get(sentinel));

const number = /^\s*-?\d(?:[\d.,\s]*\d)?\s*$/;
const operand = /^(\s*)([*+-])(\s*\d(?:[\d.,\s]*\d)?\s*)$/;
const rule = /^(\s*)([-=_])(\2+\s*)$/;

// A last line of which is not yet known what it begins: code, a list, a heading, a rule.
const lineStart = /^\s*(?:(?:[-*+>]|\d{1,9}[.)])\s+)*(?:(?:`{2,}|~{2,}).*|[-*+>=]+\s*|\d{1,9}[.)]?\s*|#{1,6}\s*)$/;

const fenceStart = /^\s*(?:(?:[-*+>]|\d{1,9}[.)])\s+)*(`{3,}|~{3,})/;

export class SourceText {
    constructor() {
        this.text = "";
        this.taken = 0;
        this.complete = "";
        this.fence = null;
        // Where the last code ended.
        this.proseStart = 0;
        // Whether the line before is the first number of a written sum, or another with its sign.
        this.column = null;
    }

    /** Takes a text that begins with the one before. */
    extend(raw, isDone) {
        const end = isDone ? raw.length : raw.lastIndexOf("\n") + 1;
        if (end > this.taken) {
            for (const line of raw.slice(this.taken, end).split(/(?<=\n)/)) this.addLine(line);
            this.taken = end;
        }
        const last = raw.slice(this.taken);
        this.text = this.complete + (this.fence ? inCode(last) : this.inProse(last));
    }

    addLine(raw) {
        const start = this.fence ? null : fenceStart.exec(raw);
        this.complete += this.fence ? inCode(raw) : this.inProse(raw);
        this.column = this.column && operand.test(raw) ? "other" : number.test(raw) ? "first" : null;
        if (start) {
            this.fence = start[1];
            this.fencePrefix = start[0].slice(0, -this.fence.length).replace(/[^>\s]/g, " ");
        } else if (this.fence && raw.trim().startsWith(this.fence) && /^(`+|~+)$/.test(raw.trim())) {
            this.fence = null;
            this.proseStart = this.complete.length;
        }
    }

    /** A line of prose; below a number, a sign with another number and the rule under it are no list and no heading. */
    inProse(raw) {
        const line = plain(raw).replace(/^( *)(\t+)/, (_, spaces, tabs) => spaces + "    ".repeat(tabs.length));
        const form = this.column && operand.test(line) ? operand : this.column === "other" ? rule : null;
        return form ? line.replace(form, (_, space, sign, rest) => space + sentinels[sign] + rest) : line;
    }

    /** Code that has no end is given one, since the lexer does not always take it for code otherwise. */
    withEnd(code) {
        return `${code}${code.endsWith("\n") ? "" : "\n"}${this.fencePrefix}${this.fence}`;
    }

    /** What to show from a place on: while more will come, without a beginning that may turn into something else. */
    visible(from, isDone) {
        const tail = this.text.slice(from);
        if (isDone) return this.fence ? this.withEnd(tail) : tail;
        if (this.fence) return this.withEnd(tail.replace(/\n[>\s]*(?:`+|~+)$/, "\n"));
        const line = tail.lastIndexOf("\n") + 1;
        if (lineStart.test(tail.slice(line))) return tail.slice(0, line);
        const prose = Math.max(tail.lastIndexOf("\n\n") + 1, this.proseStart - from);
        // A table is one from its second line on.
        const paragraph = tail.slice(prose);
        if (/^\s*\|/.test(paragraph) && paragraph.trimStart().split("\n").length < 3) return tail.slice(0, prose);
        return closed(tail, prose);
    }
}

const plain = (raw) => raw.replaceAll("\r", "");
const inCode = (raw) => plain(raw).replaceAll("\t", sentinels["\t"]);

/** Ends the emphasis, code or link that has begun in the last paragraph, so that its signs do not flicker. */
function closed(tail, prose) {
    const text = tail
        .replace(/\[[^\]\n]{1,200}\]\([^()\s]{0,400}$/, "")
        .replace(/(?:\\[a-zA-Z]*|\$|`|~|\*|_|\[|\||<\w*|&\w*)+$/, "");
    const paragraph = withoutArithmetic(text.slice(prose).replace(/\$[^$]*\$|\\\(.*?\\\)|`[^`]*`/gs, ""));
    if (paragraph.includes("`")) return `${text}\``;
    const stars = paragraph.match(/\*\*/g)?.length ?? 0;
    if (stars % 2) return `${text.trimEnd()}**`;
    return /(?:^|[\s(])\*(?=[^\s*])[^*]*$/.test(paragraph) ? `${text.trimEnd()}*` : text;
}
