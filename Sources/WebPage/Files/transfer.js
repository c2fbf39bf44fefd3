// All conversations as one file, and back.

import { newID } from "./conversation.js";
import { saveFile } from "./dom.js";
import { conversations } from "./storage.js";

const format = "kongur-conversations";

/** Saves every conversation that the browser keeps; how many there are. */
export async function exportAll() {
    const all = await conversations.all();
    const file = { format, version: 1, exported: new Date().toISOString(), conversations: all };
    saveFile(`kongur-${file.exported.slice(0, 10)}.json`, "application/json", JSON.stringify(file, null, 1));
    return all.length;
}

/** Why a file brings no conversations. */
export class TransferError extends Error {}

/**
 * Adds the conversations of a file's text to those that are kept; how many are new. Nothing that is kept changes: one that was
 * changed since comes as another one.
 */
export async function importAll(text) {
    let file;
    try { file = JSON.parse(text); } catch { throw new TransferError("not JSON"); }
    if (file?.format !== format || file.version !== 1 || !Array.isArray(file.conversations)) throw new TransferError("not ours");
    const read = file.conversations.map(conversation);
    const kept = new Map((await conversations.all()).map((other) => [other.id, other]));
    let count = 0;
    for (const one of read) {
        const same = kept.get(one.id);
        if (same && JSON.stringify(conversation(same)) === JSON.stringify(one)) continue;
        if (same) one.id = newID();
        await conversations.save(one);
        kept.set(one.id, one);
        count += 1;
    }
    return count;
}

const states = ["done", "truncated", "stopped", "failed", "interrupted"];
const string = (value) => (typeof value === "string" ? value : "");
const count = (value) => (Number.isFinite(value) && value >= 0 ? value : 0);
const isName = (value) => typeof value === "string" && /^[\w-]{1,64}$/.test(value);

/** A conversation of a file, with nothing in it but what belongs there. */
function conversation(value) {
    if (!value || !isName(value.id) || !Array.isArray(value.nodes)) throw new TransferError("a conversation is damaged");
    const nodes = value.nodes.map(node);
    const names = new Set(["top", ...nodes.map(({ id }) => id)]);
    // Two messages of one name could follow each other for ever.
    if (names.size !== nodes.length + 1) throw new TransferError("two messages have one name");
    const chosen = Object.entries(value.chosen ?? {}).filter(([parent, child]) => names.has(parent) && names.has(child));
    return {
        id: value.id,
        title: string(value.title).slice(0, 200),
        isNamed: value.isNamed === true,
        created: count(value.created) || Date.now(),
        updated: count(value.updated) || Date.now(),
        nodes,
        chosen: Object.fromEntries(chosen),
    };
}

function node(value) {
    if (!value || !isName(value.id) || !isName(value.parent) || !["user", "assistant"].includes(value.role)) {
        throw new TransferError("a message is damaged");
    }
    const message = { id: value.id, parent: value.parent, role: value.role, text: string(value.text) };
    if (value.role === "user") return message;
    return {
        ...message,
        reasoning: string(value.reasoning),
        model: string(value.model) || undefined,
        state: states.includes(value.state) ? value.state : "interrupted",
        error: value.state === "failed" ? fault(value.error) : null,
        stats: value.stats && typeof value.stats === "object" ? figures(value.stats) : null,
        note: value.note?.temperature > 0 ? { temperature: count(value.note.temperature) } : undefined,
    };
}

const kinds = ["key", "busy", "ending", "refused", "failed", "gone", "broken"];

function fault(value) {
    return {
        kind: kinds.includes(value?.kind) ? value.kind : "failed",
        status: count(value?.status), code: string(value?.code) || null, message: string(value?.message), until: null,
    };
}

function figures(value) {
    return {
        isExact: value.isExact === true,
        ...Object.fromEntries(["tokens", "reasoningTokens", "cachedTokens", "firstSeconds", "thinkingSeconds"]
            .map((name) => [name, count(value[name])])),
        contextTokens: value.contextTokens == null ? null : count(value.contextTokens),
        rate: value.rate == null ? null : count(value.rate),
    };
}
