// The conversation that is shown, and the answers that are being given, in it and in others.

import { Answer } from "./answer.js";
import * as tree from "./conversation.js";
import { announce, byID, copyText, icon, saveFile } from "./dom.js";
import { number, t } from "./language.js";
import { AnswerView, QuestionView, showCopied } from "./message.js";
import { conversations } from "./storage.js";

export class Chat {
    /**
     * `hooks`: request(parts, isAnew) makes a request's body, given what makes a part of it from a system message; changed()
     * follows what is shown, key() asks for a key, context() is the model's length, askElsewhere(text) begins a conversation.
     */
    constructor(hooks) {
        this.hooks = hooks;
        this.list = byID("messages");
        this.scroller = byID("scroller");
        this.conversation = tree.newConversation();
        this.views = new Map();
        this.answers = new Map();
        // Conversations with an answer that is being given, and those that are not to be kept any more.
        this.working = new Map();
        this.dropped = new Set();
        this.follows = true;
        this.pending = false;
        this.pause = 0;
        this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
        new ResizeObserver(() => this.follows && this.scroller.isConnected && this.toEnd()).observe(this.scroller);
        byID("latest").addEventListener("click", () => this.toEnd());
        this.list.addEventListener("click", (event) => this.copyCode(event));
        // A page that is left in mid-answer keeps what has come.
        addEventListener("pagehide", () => this.working.forEach((conversation) => this.keep(conversation)));
    }

    get isEmpty() { return tree.shownPath(this.conversation).length === 0; }

    /** The answer that is being given in the shown conversation. */
    get current() {
        return tree.shownPath(this.conversation).map((node) => this.answers.get(node.id)).find(Boolean) ?? null;
    }

    /** Shows a conversation; one in which an answer is being given as it is now, and not as it was kept. */
    open(kept) {
        const conversation = this.working.get(kept.id) ?? kept;
        this.conversation = conversation;
        for (const node of conversation.nodes) {
            if (node.state === "running" && !this.answers.has(node.id)) node.state = "interrupted";
        }
        this.redraw();
        this.toEnd();
    }

    /** Makes all that is shown anew, as for another language. */
    redraw() {
        this.views.clear();
        this.show();
    }

    show() {
        const path = tree.shownPath(this.conversation);
        const views = new Map();
        for (const node of path) {
            const view = this.views.get(node.id)
                ?? (node.role === "user" ? new QuestionView(node, this) : new AnswerView(node, this));
            views.set(node.id, view);
        }
        this.views = views;
        this.list.replaceChildren(...[...views.values()].map((view) => view.element));
        for (const view of views.values()) view.update();
        this.hooks.changed();
    }

    send(text) {
        const path = tree.shownPath(this.conversation);
        const question = tree.addNode(this.conversation, path.at(-1) ?? null, { role: "user", text });
        this.answer(question);
    }

    /** Another question in the place of one. */
    resend(node, text) {
        this.stop();
        const question = tree.addNode(this.conversation, tree.parentOf(this.conversation, node), { role: "user", text });
        this.answer(question);
    }

    /** Another answer beside one, drawn anew; in its place, and asked for as before, where it said nothing. */
    again(node) {
        if (!this.conversation.nodes.includes(node)) return;
        this.answers.get(node.id)?.stop();
        const question = tree.parentOf(this.conversation, node);
        if (node.text || node.reasoning) this.answer(question, { isAnew: true });
        else this.run(node);
    }

    /** Lets an answer that was cut short go on where it ended. */
    continue(node) {
        if (this.conversation.nodes.includes(node) && !this.current) this.run(node, { continues: true });
    }

    answer(question, how) {
        this.run(tree.addNode(this.conversation, question, { role: "assistant", reasoning: "", state: "running" }), how);
    }

    async run(node, { isAnew = false, continues = false } = {}) {
        const { conversation } = this;
        const answer = new Answer(node, () => this.follow(node, answer), continues);
        this.answers.set(node.id, answer);
        this.working.set(conversation.id, conversation);
        this.views.delete(node.id);
        this.show();
        this.toEnd();
        this.keep(conversation).then(() => this.hooks.changed());
        const clock = setInterval(() => this.schedule(), 250);
        const saver = setInterval(() => this.keep(conversation), 1000);
        const parts = (system) => (continues
            ? tree.continuationOf(conversation, node, system) : { messages: tree.promptFor(conversation, node, system) });
        await answer.run(async () => {
            const { note, ...body } = await this.hooks.request(parts, isAnew);
            if (!continues) node.note = note;
            return body;
        });
        clearInterval(clock);
        clearInterval(saver);
        this.answers.delete(node.id);
        if (!conversation.nodes.some((other) => this.answers.has(other.id))) this.working.delete(conversation.id);
        conversation.updated = Date.now();
        this.keep(conversation);
        if (this.conversation !== conversation) return;
        this.views.get(node.id)?.update();
        if (this.follows) this.toEnd();
        if (node.state !== "failed") announce(node.stats ? t("announceDone", number(node.stats.tokens)) : t("stopped"));
        this.hooks.changed();
        if (node.error?.kind === "key") this.enterKey(node);
    }

    stop() { this.current?.stop(); }

    /** Ends what is going on in a conversation that is not to be kept. */
    drop(id) {
        this.dropped.add(id);
        for (const node of this.working.get(id)?.nodes ?? []) this.answers.get(node.id)?.stop();
    }

    restore(id) { this.dropped.delete(id); }

    async enterKey(node) {
        if (await this.hooks.key(node.error)) this.again(node);
    }

    // What message views ask.
    siblings(node) { return tree.siblings(this.conversation, node); }
    running(node) { return this.answers.get(node.id) ?? null; }
    isLast(node) { return tree.shownPath(this.conversation).at(-1) === node; }
    get context() { return this.hooks.context(); }

    /** The question of an answer, in a conversation of its own. */
    askElsewhere(node) { this.hooks.askElsewhere(tree.parentOf(this.conversation, node).text); }

    edit(node) { this.views.get(tree.parentOf(this.conversation, node)?.id)?.edit(); }

    /** The last answer that is shown. */
    get lastAnswer() { return tree.shownPath(this.conversation).findLast(({ role }) => role === "assistant") ?? null; }

    editLast() { if (this.lastAnswer) this.edit(this.lastAnswer); }

    /** A conversation that is shown or being answered in. */
    known(id) { return id === this.conversation.id ? this.conversation : this.working.get(id) ?? null; }

    choose(node) {
        tree.choose(this.conversation, node);
        this.keep(this.conversation);
        this.show();
    }

    /** Keeps a conversation, with the time and the tokens of an answer that is being given. */
    async keep(conversation) {
        if (this.dropped.has(conversation.id)) return;
        for (const node of conversation.nodes) {
            if (this.answers.has(node.id)) node.stats = this.answers.get(node.id).stats();
        }
        try {
            await conversations.save(conversation);
        } catch {
            // What cannot be kept is still shown.
        }
    }

    follow(node, answer) {
        if (this.conversation.nodes.includes(node)) {
            const phase = answer.pieces.text ? "announceAnswering" : answer.pieces.reasoning ? "announceThinking" : null;
            if (phase && phase !== answer.phase) announce(t(phase));
            answer.phase = phase;
        }
        this.schedule();
    }

    /** Draws what is running at the next frame, but never spends more than a third of the time on it. */
    schedule() {
        if (this.pending) return;
        this.pending = true;
        const draw = () => {
            const start = performance.now();
            if (start < this.pause) {
                requestAnimationFrame(draw);
                return;
            }
            this.pending = false;
            for (const [id, view] of this.views) if (this.answers.has(id)) view.update();
            if (this.follows) this.scroller.scrollTop = this.scroller.scrollHeight;
            const end = performance.now();
            this.pause = end + Math.max(30, 2 * (end - start));
        };
        requestAnimationFrame(draw);
    }

    toEnd() {
        this.follows = true;
        this.scroller.scrollTop = this.scroller.scrollHeight;
        byID("latest").hidden = true;
    }

    /** Follows the end only while the reader is there. */
    scrolled() {
        const { scrollTop, scrollHeight, clientHeight } = this.scroller;
        this.follows = scrollHeight - scrollTop - clientHeight < 60;
        byID("latest").hidden = this.follows;
    }

    async copyCode(event) {
        const button = event.target.closest("[data-copy]");
        if (!button) return;
        const text = button.closest("figure").querySelector("code").textContent;
        if (await copyText(text)) {
            showCopied(button, icon("copy"));
            announce(t("copied"));
        }
    }
}

/** Saves a conversation as a Markdown file. */
export function exportMarkdown(conversation) {
    const words = Object.fromEntries(
        ["untitled", "you", "model", "thinking", "stopped", "failed"].map((name) => [name, t(name)])
    );
    const name = (conversation.title || t("untitled")).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
    saveFile(`${name || "conversation"}.md`, "text/markdown", tree.markdownOf(conversation, words));
}
