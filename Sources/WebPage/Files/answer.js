// One answer while the server gives it: what has come, how long it took, and how it ended.

import { chat } from "./api.js";

/** Asks, and fills `node` with what comes; calls `changed` each time. */
export class Answer {
    constructor(node, changed) {
        this.node = node;
        this.changed = changed;
        this.stopping = new AbortController();
        this.asked = performance.now();
        this.first = null;
        this.thoughtUntil = null;
        this.last = null;
        this.pieces = { reasoning: 0, text: 0 };
        Object.assign(node, { text: "", reasoning: "", state: "running", error: null, stats: null });
    }

    stop() { this.stopping.abort(); }

    /** Asks with the body that `ask` makes, and runs to the end: done, truncated, stopped or failed. Throws nothing. */
    async run(ask) {
        const { node } = this;
        let usage = null;
        try {
            let reason = null;
            for await (const event of chat(await ask(), this.stopping.signal)) {
                usage = event.usage ?? usage;
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
        node.stats = this.stats(usage);
        this.changed();
    }

    take(delta) {
        const reasoning = delta.reasoning_content ?? delta.reasoning;
        if (!reasoning && !delta.content) return;
        const now = performance.now();
        this.first ??= now;
        this.last = now;
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

    get isThinking() { return this.pieces.reasoning > 0 && this.pieces.text === 0; }

    /** Seconds spent thinking, so far or in all. */
    get thinkingSeconds() {
        if (this.first === null || !this.pieces.reasoning) return 0;
        return ((this.isThinking && this.node.state === "running" ? performance.now() : this.thoughtUntil) - this.first) / 1000;
    }

    /** Figures of an answer; without the server's usage, as when it was stopped, pieces stand for tokens. */
    stats(usage) {
        if (this.first === null) return null;
        const tokens = usage?.completion_tokens ?? this.pieces.reasoning + this.pieces.text;
        const seconds = (this.last - this.first) / 1000;
        return {
            isExact: usage !== null,
            tokens,
            reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? this.pieces.reasoning,
            cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
            firstSeconds: (this.first - this.asked) / 1000,
            thinkingSeconds: this.thinkingSeconds,
            // The first token's time is the prompt's.
            rate: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
        };
    }
}
