// One answer while the server gives it: what has come, how long it took, and how it ended.

import { chat } from "./api.js";

/** Asks, and fills `node` with what comes; calls `changed` each time. */
export class Answer {
    /** With `continues`, what comes is added to what the node has. */
    constructor(node, changed, continues = false) {
        this.node = node;
        this.changed = changed;
        this.stopping = new AbortController();
        this.asked = performance.now();
        this.first = null;
        this.thoughtUntil = null;
        this.pieces = { reasoning: 0, text: 0 };
        this.before = continues ? node.stats : null;
        if (!continues) Object.assign(node, { text: "", reasoning: "" });
        Object.assign(node, { state: "running", error: null, stats: this.before });
    }

    stop() { this.stopping.abort(); }

    /** Asks with the body that `ask` makes, and runs to the end: done, truncated, stopped or failed. Throws nothing. */
    async run(ask) {
        const { node } = this;
        let usage = null;
        let timings = null;
        try {
            let reason = null;
            for await (const event of chat(await ask(), this.stopping.signal)) {
                usage = event.usage ?? usage;
                timings = event.timings ?? timings;
                node.model = event.model ?? node.model;
                const choice = event.choices?.[0];
                reason = choice?.finish_reason ?? reason;
                this.take(choice?.delta ?? {});
            }
            node.state = reason === "length" ? "truncated" : "done";
        } catch (error) {
            if (error.name === "AbortError") {
                node.state = "stopped";
            } else {
                node.state = "failed";
                const { kind = "failed", status = 0, code = null, message, retryAfter } = error;
                const until = retryAfter ? Date.now() + retryAfter * 1000 : null;
                node.error = { kind, status, code, message: String(message), until };
            }
        }
        node.stats = this.stats(usage, timings);
        this.changed();
    }

    take(delta) {
        const reasoning = delta.reasoning_content ?? delta.reasoning;
        if (!reasoning && !delta.content) return;
        const now = performance.now();
        this.first ??= now;
        if (reasoning) {
            this.node.reasoning += reasoning;
            this.pieces.reasoning += 1;
            this.thoughtUntil = now;
        }
        if (delta.content) {
            this.node.text += delta.content;
            this.pieces.text += 1;
        }
        this.changed();
    }

    get isThinking() { return this.node.reasoning !== "" && this.node.text === ""; }

    /** Tokens of thinking so far, by the pieces that came. */
    get reasoningTokens() { return (this.before?.reasoningTokens ?? 0) + this.pieces.reasoning; }

    /** Seconds spent thinking, so far or in all. */
    get thinkingSeconds() {
        const before = this.before?.thinkingSeconds ?? 0;
        if (this.first === null || !this.pieces.reasoning) return before;
        const until = this.isThinking && this.node.state === "running" ? performance.now() : this.thoughtUntil;
        return before + (until - this.first) / 1000;
    }

    /**
     * Figures of an answer. Speed is what the server measured: pieces may arrive all at once, whenever they were made.
     * Without the server's usage, as when it was stopped or while it runs, pieces stand for tokens.
     */
    stats(usage = null, timings = null) {
        if (this.first === null) return this.before;
        const { before } = this;
        const tokens = usage?.completion_tokens ?? this.pieces.reasoning + this.pieces.text;
        const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? this.pieces.reasoning;
        const spent = timings?.predicted_ms > 0 && tokens > 0
            ? (before?.thinkingSeconds ?? 0) + (timings.predicted_ms / 1000) * (reasoning / tokens) : this.thinkingSeconds;
        return {
            isExact: usage !== null && (before?.isExact ?? true),
            tokens: (before?.tokens ?? 0) + tokens,
            reasoningTokens: (before?.reasoningTokens ?? 0) + reasoning,
            cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
            // Prompt and answer together, as the model's context holds them.
            contextTokens: usage?.total_tokens ?? null,
            firstSeconds: before?.firstSeconds ?? (this.first - this.asked) / 1000,
            thinkingSeconds: spent,
            rate: timings?.predicted_per_second ?? null,
        };
    }
}
