// A Markdown text as it arrives, in the form that the lexer takes without changing its length.

/** Stands for a tab within code: the lexer would make spaces of it. */
export const sentinelTab = "\ue009";

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
    }

    /** Takes a text that begins with the one before. */
    extend(raw, isDone) {
        const end = isDone ? raw.length : raw.lastIndexOf("\n") + 1;
        if (end > this.taken) {
            for (const line of raw.slice(this.taken, end).split(/(?<=\n)/)) this.addLine(line);
            this.taken = end;
        }
        const last = raw.slice(this.taken);
        this.text = this.complete + (this.fence ? inCode(last) : inProse(last));
    }

    addLine(raw) {
        const start = this.fence ? null : fenceStart.exec(raw);
        this.complete += this.fence ? inCode(raw) : inProse(raw);
        if (start) {
            this.fence = start[1];
            this.fencePrefix = start[0].slice(0, -this.fence.length).replace(/[^>\s]/g, " ");
        } else if (this.fence && raw.trim().startsWith(this.fence) && /^(`+|~+)$/.test(raw.trim())) {
            this.fence = null;
            this.proseStart = this.complete.length;
        }
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
const inCode = (raw) => plain(raw).replaceAll("\t", sentinelTab);
const inProse = (raw) => plain(raw).replace(/^( *)(\t+)/, (_, spaces, tabs) => spaces + "    ".repeat(tabs.length));

/** Ends the emphasis, code or link that has begun in the last paragraph, so that its signs do not flicker. */
function closed(tail, prose) {
    const text = tail
        .replace(/\[[^\]\n]{1,200}\]\([^()\s]{0,400}$/, "")
        .replace(/(?:\\[a-zA-Z]*|\$|`|~|\*|_|\[|\||<\w*|&\w*)+$/, "");
    const paragraph = text.slice(prose).replace(/\$[^$]*\$|\\\(.*?\\\)|`[^`]*`/gs, "");
    if (paragraph.includes("`")) return `${text}\``;
    const stars = paragraph.match(/\*\*/g)?.length ?? 0;
    if (stars % 2) return `${text.trimEnd()}**`;
    return /(?:^|[\s(])\*(?=[^\s*])[^*]*$/.test(paragraph) ? `${text.trimEnd()}*` : text;
}
