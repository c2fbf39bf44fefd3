// A message as it is shown: a question with its editor, an answer with its thinking, figures and faults.

import { copyText, h, icon, iconButton } from "./dom.js";
import { detail, explain } from "./errors.js";
import { number, seconds, t } from "./language.js";
import { MarkdownView } from "./markdown.js";

/** Buttons that step through the messages at the same place. */
function versions(node, actions) {
    const all = actions.siblings(node);
    if (all.length < 2) return null;
    const index = all.indexOf(node);
    const step = (name, label, by) => iconButton(name, label, () => actions.choose(all[index + by]), {
        disabled: !all[index + by],
    });
    return h("span", { class: "versions" },
        step("left", t("earlier"), -1),
        h("span", { "aria-label": t("version", index + 1, all.length), role: "img" }, `${index + 1}/${all.length}`),
        step("right", t("later"), 1));
}

/** Who says it, for those who do not see where it stands. */
const speaker = (name) => h("h2", { class: "off-screen" }, name);

export class QuestionView {
    constructor(node, actions) {
        this.node = node;
        this.actions = actions;
        this.element = h("article", { class: "message question" });
        this.show();
    }

    show() {
        const body = h("div", { class: "bubble markdown" });
        new MarkdownView(body, { breaks: true }).update(this.node.text, true);
        this.tools = h("div", { class: "tools" });
        this.element.replaceChildren(speaker(t("you")), body, this.tools);
        this.update();
    }

    /** Its versions and buttons as they are now. */
    update() {
        if (!this.tools) return;
        this.tools.replaceChildren(
            ...[versions(this.node, this.actions)].filter(Boolean),
            copyButton(() => this.node.text, t("copy")),
            iconButton("edit", t("edit"), () => this.edit())
        );
    }

    edit() {
        const field = h("textarea", { "aria-label": t("edit"), rows: Math.min(12, this.node.text.split("\n").length + 1) });
        field.value = this.node.text;
        const leave = () => {
            this.show();
            this.tools.lastElementChild.focus();
        };
        const send = (event) => {
            event.preventDefault();
            if (field.value.trim()) this.actions.resend(this.node, field.value.trim());
        };
        field.addEventListener("keydown", (event) => {
            if (event.key === "Escape") {
                event.stopPropagation();
                leave();
            } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
                send(event);
            }
        });
        this.tools = null;
        this.element.replaceChildren(
            h("form", { class: "editor", onsubmit: send }, field,
                h("div", { class: "row" },
                    h("button", { type: "button", class: "button", onclick: leave }, t("cancel")),
                    h("button", { type: "submit", class: "button primary" }, t("resend")))));
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
    }
}

export class AnswerView {
    constructor(node, actions) {
        this.node = node;
        this.actions = actions;
        this.summary = h("span", { class: "thinking-title" });
        this.thoughts = h("div", { class: "markdown thoughts" });
        this.thinking = h("details", { class: "thinking", hidden: true },
            h("summary", {}, icon("right"), this.summary), this.thoughts);
        this.thinking.addEventListener("toggle", () => this.update());
        this.body = h("div", { class: "markdown" });
        this.waiting = h("p", { class: "waiting" }, h("span", { class: "dots", "aria-hidden": "true" },
            h("span"), h("span"), h("span")), t("waiting"));
        this.notice = h("div", { class: "notice-place" });
        this.tools = h("div", { class: "tools" });
        this.element = h("article", { class: "message answer" },
            speaker(node.model || t("model")), this.thinking, this.body, this.waiting, this.notice, this.tools);
        this.markdown = new MarkdownView(this.body);
        this.thoughtMarkdown = new MarkdownView(this.thoughts, { breaks: true });
        this.update();
    }

    /** Shows the node as it is now; cheap when little has come since. */
    update() {
        const { node } = this;
        const isRunning = node.state === "running";
        this.element.classList.toggle("running", isRunning);
        this.waiting.hidden = !isRunning || Boolean(node.reasoning || node.text);
        this.thinking.hidden = !node.reasoning;
        if (node.reasoning) this.updateThinking();
        this.markdown.update(node.text, !isRunning);
        if (!isRunning) this.settle();
    }

    updateThinking() {
        const { node } = this;
        const running = this.actions.running(node);
        const isThinking = Boolean(running?.isThinking);
        const spent = running ? running.thinkingSeconds : node.stats?.thinkingSeconds ?? 0;
        const count = running ? running.reasoningTokens : node.stats?.reasoningTokens ?? 0;
        const words = t(isThinking ? "thinkingNow" : "thought", number(spent, spent < 100 ? 1 : 0), number(count));
        if (this.summary.textContent !== words) this.summary.textContent = words;
        this.thinking.classList.toggle("active", isThinking);
        // Folded thoughts cost nothing.
        if (this.thinking.open) this.thoughtMarkdown.update(node.reasoning, !isThinking);
    }

    /** What comes after an answer's end. */
    settle() {
        if (this.settled === this.node.state) {
            this.updateTools();
            return;
        }
        this.settled = this.node.state;
        this.notice.replaceChildren(...[this.noticeElement()].filter(Boolean));
        this.updateTools();
        for (const block of this.element.querySelectorAll(".math-display, .table")) {
            if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
        }
    }

    updateTools() {
        const { node } = this;
        this.tools.replaceChildren(...[
            versions(node, this.actions),
            node.text && copyButton(() => node.text, t("copyAnswer")),
            // A fault brings a button of its own.
            node.state !== "failed" && iconButton("again", t("again"), () => this.actions.again(node)),
            this.canContinue && h("button", { type: "button", class: "text-button", onclick: () => this.actions.continue(node) },
                icon("go"), t("continue")),
            node.stats && this.figures(node.stats),
        ].filter(Boolean));
    }

    /** Whether the context has no room for more of the answer. */
    get isFull() {
        const { state, stats } = this.node;
        return state === "truncated" && stats?.contextTokens >= this.actions.context - 1;
    }

    /** Whether there is more to come of an answer that was cut short. */
    get canContinue() {
        const { state, text, reasoning } = this.node;
        return ["stopped", "truncated", "interrupted", "failed"].includes(state) && Boolean(text || reasoning)
            && !this.isFull && this.actions.isLast(this.node);
    }

    figures(stats) {
        const about = stats.isExact ? "" : "≈ ";
        return h("span", { class: "figures" }, ...[
            t("stats.tokens", about + number(stats.tokens)),
            stats.rate && t("stats.rate", number(stats.rate, stats.rate < 100 ? 1 : 0)),
            t("stats.first", seconds(stats.firstSeconds)),
            stats.cachedTokens > 0 && t("stats.cached", number(stats.cachedTokens)),
            this.node.note?.temperature && t("stats.temperature", number(this.node.note.temperature, 1)),
        ].filter(Boolean).map((words) => h("span", {}, words)));
    }

    noticeElement() {
        const { node } = this;
        if (node.state === "failed") return this.fault(node.error);
        if (this.isFull) return this.full(t("full", number(this.actions.context)));
        const words = {
            stopped: t("stopped"),
            truncated: t("truncated"),
            interrupted: t("interrupted"),
            done: node.text || node.reasoning ? null : t("nothing"),
        }[node.state];
        return words ? h("p", { class: "notice" }, words) : null;
    }

    /** The context is full: what to do about it. */
    full(words) {
        return h("div", { class: "notice fault", role: "alert" }, icon("warning"), h("div", {}, h("p", {}, words)),
            h("button", { type: "button", class: "button", onclick: () => this.actions.edit(this.node) }, t("edit")),
            h("button", { type: "button", class: "button", onclick: () => this.actions.askElsewhere(this.node) }, t("askElsewhere")));
    }

    fault(error) {
        if (error.code === "context_length_exceeded") return this.full(explain(error));
        const said = detail(error);
        const button = h("button", { type: "button", class: "button" });
        if (error.kind === "key") {
            button.textContent = t("enterKey");
            button.addEventListener("click", () => this.actions.enterKey(this.node));
        } else {
            button.addEventListener("click", () => this.actions.again(this.node));
            this.countDown(button, error.until);
        }
        return h("div", { class: "notice fault", role: "alert" },
            icon(error.kind === "key" ? "key" : "warning"),
            h("div", {}, h("p", {}, explain(error)), said && h("p", { class: "said" }, said)),
            button);
    }

    /** Keeps a button closed until it makes sense to ask again. */
    countDown(button, until) {
        const left = until ? Math.ceil((until - Date.now()) / 1000) : 0;
        button.disabled = left > 0;
        button.textContent = left > 0 ? t("retryIn", number(left)) : t("retry");
        if (left > 0) setTimeout(() => this.countDown(button, until), 250);
    }
}

function copyButton(text, label) {
    const button = iconButton("copy", label, async () => {
        if (await copyText(text())) showCopied(button, icon("copy"));
    });
    return button;
}

/** Says for a moment that something was copied. */
export function showCopied(button, before) {
    const drawing = button.querySelector(".icon");
    drawing?.replaceWith(icon("check"));
    const word = button.querySelector("span");
    if (word) word.textContent = t("copied");
    setTimeout(() => {
        button.querySelector(".icon")?.replaceWith(before);
        if (word) word.textContent = t("copy");
    }, 1500);
}
