// The server's routes, as this page asks them. Addresses are relative: the page may live below a path of a proxy.

import { key } from "./storage.js";

/** Why the server did not answer, for `explain` in errors.js. */
export class RequestError extends Error {
    /**
     * `kind` is key, busy, ending, refused, failed, gone (no connection) or broken (ended within an answer);
     * `retryAfter` is seconds.
     */
    constructor(kind, message, { status = 0, retryAfter = null, code = null } = {}) {
        super(message);
        Object.assign(this, { kind, status, retryAfter, code });
    }
}

const kinds = { 401: "key", 403: "key", 429: "busy", 503: "ending" };

async function request(path, options = {}) {
    const headers = { ...options.headers };
    const shown = key.get();
    if (shown) headers.Authorization = `Bearer ${shown}`;
    let response;
    try {
        response = await fetch(path, { ...options, headers, cache: "no-store" });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new RequestError("gone", String(error.message));
    }
    if (response.ok) return response;
    let fault = {};
    try { fault = (await response.json()).error ?? {}; } catch { /* a proxy's page says nothing to us */ }
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    throw new RequestError(
        kinds[response.status] ?? (response.status >= 500 ? "failed" : "refused"),
        typeof fault.message === "string" ? fault.message : `HTTP ${response.status}`,
        { status: response.status, retryAfter: Number.isFinite(seconds) ? seconds : null, code: fault.code ?? null }
    );
}

/** What this page needs to know of the server: its model, presets and how it samples. */
export async function pageSettings() {
    return (await request("page/settings")).json();
}

/** The models that the server answers with, as `/v1/models` lists them. */
export async function modelList() {
    const { data } = await (await request("v1/models")).json();
    return Array.isArray(data) ? data.filter(({ id }) => typeof id === "string") : [];
}

/** The server's metrics in Prometheus' text form. */
export async function metricsText() {
    return (await request("metrics")).text();
}

/** The payloads of a streamed chat completion, as they come. Throws `RequestError`, and AbortError when stopped. */
export async function* chat(body, signal) {
    const response = await request("v1/chat/completions", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
        signal,
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
        while (true) {
            let piece;
            try {
                piece = await reader.read();
            } catch (error) {
                if (error.name === "AbortError") throw error;
                throw new RequestError("broken", String(error.message));
            }
            if (piece.done) throw new RequestError("broken", "the stream ended early");
            const events = (text + piece.value.replaceAll("\r", "")).split("\n\n");
            text = events.pop();
            for (const event of events) {
                const data = event.split("\n").filter((line) => line.startsWith("data:"))
                    .map((line) => line.slice(5).trimStart()).join("\n");
                if (data === "[DONE]") return;
                if (data) yield payload(data);
            }
        }
    } finally {
        reader.cancel().catch(() => {});
    }
}

function payload(data) {
    let value;
    try {
        value = JSON.parse(data);
    } catch {
        throw new RequestError("broken", "a part of the answer cannot be read");
    }
    if (value.error) {
        throw new RequestError("failed", String(value.error.message ?? ""), { code: value.error.code ?? null });
    }
    return value;
}
