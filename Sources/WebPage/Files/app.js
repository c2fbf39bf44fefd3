// Begins: checks what the page needs, asks the server what it is, and puts the parts together.

import { pageSettings } from "./api.js";
import { Chat, exportMarkdown } from "./chat.js";
import { Composer } from "./composer.js";
import { newConversation } from "./conversation.js";
import { Drawers } from "./drawers.js";
import { byID, h, icon } from "./dom.js";
import { askForKey } from "./key-dialog.js";
import { applyLanguage, language, languages, t } from "./language.js";
import { LivePanel } from "./live-panel.js";
import { MarkdownView } from "./markdown.js";
import { chosenSampling, SettingsPanel } from "./settings-panel.js";
import { Sidebar } from "./sidebar.js";
import { conversations, settings } from "./storage.js";

const packages = { katex: "libjs-katex", marked: "libjs-marked", hljs: "libjs-highlight.js" };
let server = null;

const chat = new Chat({
    async request(prompt) {
        server ??= await pageSettings();
        const { model, presets, context_length: context } = server;
        const preset = settings.get("preset", "");
        const system = preset === "custom"
            ? settings.get("instructions", "") : presets.find(({ name }) => name === preset)?.system;
        return { model, messages: prompt(system), ...chosenSampling(context) };
    },
    changed: showState,
    key: enterKey,
});

const composer = new Composer({
    send: (text) => chat.send(text),
    stop: () => chat.stop(),
    server: () => server,
    chosen: () => settingsPanel.show(),
});

const sidebar = new Sidebar({
    shown: () => chat.conversation.id,
    async open(id) {
        drawers.closeOverlays();
        const kept = await conversations.get(id);
        if (kept) open(kept);
    },
    removed(id) {
        chat.drop(id);
        if (id === chat.conversation.id) open(newConversation());
    },
    restored: (id) => chat.restore(id),
});

const settingsPanel = new SettingsPanel({
    server: () => server,
    enterKey,
    changed(name) {
        if (name === "language") showLanguage();
        else composer.showChoices();
    },
    removedAll() {
        for (const id of chat.working.keys()) chat.drop(id);
        open(newConversation());
        sidebar.show();
    },
});

const drawers = new Drawers({ live: (isOpen) => (isOpen ? live.open() : live.close()) });
let live = null;

/** Follows what the chat shows. */
function showState() {
    const isEmpty = chat.isEmpty;
    byID("empty").hidden = !isEmpty;
    byID("export").disabled = isEmpty;
    byID("title").textContent = chat.conversation.title || t("newChat");
    document.title = chat.conversation.title ? `${chat.conversation.title} · Kongur` : "Kongur";
    composer.show(chat.current !== null);
    const place = isEmpty ? "" : `#${chat.conversation.id}`;
    if (location.hash !== place) history.replaceState(null, "", place || location.pathname + location.search);
    sidebar.show();
}

function open(conversation) {
    chat.open(conversation);
    composer.focus();
}

function showEmpty() {
    const other = language() === "en" ? "zh-CN" : "en";
    const change = () => {
        settings.set("language", other);
        showLanguage();
    };
    const example = ([kind, question, preset]) => {
        const words = h("span", { class: "markdown" });
        new MarkdownView(words).update(question, true);
        const take = () => {
            settings.set("preset", preset);
            composer.showChoices();
            composer.write(question);
            composer.focus();
        };
        // A paragraph does not belong into a button; its content does.
        return h("button", { type: "button", class: "example", onclick: take },
            h("span", { class: "kind" }, kind), h("span", { lang: "en" }, ...words.firstElementChild.childNodes));
    };
    byID("empty").replaceChildren(
        h("h2", {}, t("emptyTitle")),
        h("p", {}, t("emptyText", server?.model ?? "Kongur")),
        h("div", { class: "examples" }, ...t("examples").map(example)),
        h("button", { type: "button", class: "text-button", lang: other, onclick: change }, languages[other][1].otherLanguage
            && t("otherLanguage"))
    );
}

/** Writes every word anew. */
function showLanguage() {
    applyLanguage();
    showEmpty();
    composer.showChoices();
    settingsPanel.show();
    live.make();
    chat.redraw();
    byID("model").textContent = server?.model ?? "";
}

async function enterKey() {
    const isKnown = await askForKey();
    if (isKnown) {
        await connect();
        settingsPanel.show();
    }
    return isKnown;
}

/** Asks the server what it is, again and again while it does not answer. */
async function connect() {
    const banner = byID("banner");
    try {
        server = await pageSettings();
        banner.hidden = true;
        showLanguage();
    } catch (error) {
        if (error.kind === "key") {
            await enterKey();
            return;
        }
        banner.hidden = false;
        banner.replaceChildren(icon("warning"), t("reconnecting"));
        setTimeout(connect, 3000);
    }
}

function showMissing(missing) {
    const names = missing.map((name) => packages[name]);
    document.body.replaceChildren(h("main", { class: "missing" },
        h("h1", {}, t("missingTitle")),
        h("p", {}, t("missingText")),
        h("ul", {}, ...names.map((name) => h("li", {}, h("code", {}, name)))),
        h("p", {}, t("missingRemedy")),
        h("pre", { tabindex: "0" }, h("code", {}, `apt-get install ${names.join(" ")}`)),
        h("p", {}, t("missingElsewhere"))));
}

async function openByAddress(id = location.hash.slice(1)) {
    if (!id || id === chat.conversation.id) return;
    const kept = await conversations.get(id).catch(() => null);
    if (kept) chat.open(kept);
}

async function begin() {
    settings.load();
    const missing = Object.keys(packages).filter((name) => !globalThis[name]);
    if (missing.length) {
        document.documentElement.lang = language();
        showMissing(missing);
        return;
    }
    const asked = location.hash.slice(1);
    live = new LivePanel();
    for (const element of document.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
    showLanguage();
    await conversations.open();
    await openByAddress(asked);
    byID("new-chat").addEventListener("click", () => {
        drawers.closeOverlays();
        open(newConversation());
    });
    byID("export").addEventListener("click", () => exportMarkdown(chat.conversation));
    addEventListener("hashchange", () => openByAddress());
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !event.isComposing && !drawers.closeOverlays()) chat.stop();
    });
    document.body.classList.add("ready");
    composer.focus();
    await sidebar.show();
    await connect();
}

begin();
