// A Markdown text as it arrives, in the form that the lexer takes without changing its length.

/** Stands for a tab within code: the lexer would make spaces of it. */
export const sentinelTab = "\ue009";

const fenceStart = /^\s*(?:(?:[-*+>]|\d{1,9}[.)])\s+)*(`{3,}|~{3,})/;

export class SourceText {
    constructor() {
        this.text = "";
        this.taken = 0;
        this.complete = "";
        this.fence = null;
    }

    /** Takes a text that begins with the one before. */
    extend(raw, isDone) {
        const end = isDone ? raw.length : raw.lastIndexOf("\n") + 1;
        if (end > this.taken) {
            this.complete += raw.slice(this.taken, end).split(/(?<=\n)/).map((line) => this.line(line)).join("");
            this.taken = end;
        }
        const last = raw.slice(this.taken);
        this.text = this.complete + (this.fence ? inCode(last) : inProse(last));
    }

    line(raw) {
        if (this.fence) {
            const isEnd = raw.trim().startsWith(this.fence) && /^(`+|~+)$/.test(raw.trim());
            if (isEnd) this.fence = null;
            return inCode(raw);
        }
        const start = fenceStart.exec(raw);
        if (start) this.fence = start[1];
        return inProse(raw);
    }

    /** All from a place on. The lexer takes code without an end for code only where its last line is complete. */
    tail(from) {
        const tail = this.text.slice(from);
        return this.fence && !tail.endsWith("\n") ? `${tail}\n` : tail;
    }

    /** What to show from a place on: while more will come, without a beginning that may turn into something else. */
    visible(from, isDone) {
        const tail = this.tail(from);
        if (isDone) return tail;
        if (this.fence) return tail.replace(/\n[^\S\n]*(?:`+|~+)\n$/, "\n");
        const lineStart = tail.lastIndexOf("\n") + 1;
        const line = tail.slice(lineStart);
        if (/^\s*(?:(?:[-*+>]|\d{1,9}[.)])\s+)*(`{2,}|~{2,})/.test(line)) return tail.slice(0, lineStart);
        // A table is one from its second line on.
        if (/^\s*\|/.test(line) && !/\|\s*\n\s*$/.test(tail.slice(0, lineStart))) return tail.slice(0, lineStart);
        return closed(tail);
    }
}

const plain = (raw) => raw.replaceAll("\r", "");
const inCode = (raw) => plain(raw).replaceAll("\t", sentinelTab);
const inProse = (raw) => plain(raw).replace(/^( *)(\t+)/, (_, spaces, tabs) => spaces + "    ".repeat(tabs.length));

/** Ends the emphasis, code or link that has begun in the last paragraph, so that its signs do not flicker. */
function closed(tail) {
    const text = tail
        .replace(/\[[^\]\n]{1,200}\]\([^()\s]{0,400}$/, "")
        .replace(/(?:\\|\$|`|~|\*|_|\[|\||<\w*|&\w*)+$/, "");
    const paragraph = text.slice(text.lastIndexOf("\n\n") + 1).replace(/\$[^$]*\$|\\\(.*?\\\)|`[^`]*`/gs, "");
    if (paragraph.includes("`")) return `${text}\``;
    const stars = paragraph.match(/\*\*/g)?.length ?? 0;
    return stars % 2 ? `${text.trimEnd()}**` : text;
}
