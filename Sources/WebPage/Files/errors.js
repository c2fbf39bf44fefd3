// What went wrong, as people read it.

import { t } from "./language.js";

/** What to say about an error that is kept with an answer: {kind, status, code, message}. */
export function explain(error) {
    if (error.code === "context_length_exceeded") return t("errors.tooLong");
    if (error.kind === "busy" && error.code?.includes("rate")) return t("errors.rate");
    return t(`errors.${error.kind}`);
}

/** What the server said, where that tells more than `explain`. */
export function detail(error) {
    return ["refused", "failed"].includes(error.kind) && error.code !== "context_length_exceeded" ? error.message : "";
}
