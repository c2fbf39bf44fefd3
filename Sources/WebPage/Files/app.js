// Begins: asks the server what it is, and puts the parts together.

import { pageSettings } from "./api.js";
import { addAppearance, showAppearance } from "./appearance.js";
import { Chat, exportMarkdown } from "./chat.js";
import { Composer } from "./composer.js";
import { newConversation, rename } from "./conversation.js";
import { Drawers } from "./drawers.js";
import { announce, byID, copyText, icon } from "./dom.js";
import { askForKey } from "./key-dialog.js";
import { applyLanguage, t } from "./language.js";
import { LivePanel } from "./live-panel.js";
import { chosenModel, loadModels, showModels } from "./models.js";
import { chosenSampling, SettingsPanel } from "./settings-panel.js";
import { addShortcuts, toggleHelp } from "./shortcuts.js";
import { Sidebar } from "./sidebar.js";
import { conversations, settings } from "./storage.js";
import { showWelcome } from "./welcome.js";

const packages = { katex: "libjs-katex", marked: "libjs-marked", hljs: "libjs-highlight.js" };
// What another answer is drawn at where all answers would be the same.
const anewTemperature = 0.7;
let server = null;

const context = () => chosenModel(server).context;

const chat = new Chat({
    async request(parts, isAnew) {
        server ??= await pageSettings();
        const { presets, sampling: { temperature } } = server;
        const preset = settings.get("preset", "");
        const system = preset === "custom"
            ? settings.get("instructions", "") : presets.find(({ name }) => name === preset)?.system;
        const body = { model: chosenModel(server).model, ...parts(system), ...chosenSampling(context()) };
        if (!isAnew) return body;
        body.seed = crypto.getRandomValues(new Uint32Array(1))[0];
        if ((body.temperature ?? temperature) > 0) return body;
        return { ...body, temperature: anewTemperature, note: { temperature: anewTemperature } };
    },
    changed: showState,
    key: enterKey,
    context,
    askElsewhere(text) {
        open(newConversation());
        chat.send(text);
    },
});

const composer = new Composer({
    send: (text) => chat.send(text),
    stop: () => chat.stop(),
    server: () => server,
    context,
    chosen: () => settingsPanel.show(),
});

const sidebar = new Sidebar({
    shown: () => chat.conversation.id,
    async open(id) {
        drawers.closeOverlays();
        const kept = await conversations.get(id);
        if (kept) open(kept);
    },
    async renamed(id, title) {
        const conversation = chat.known(id) ?? await conversations.get(id);
        if (!conversation) return;
        rename(conversation, title);
        await chat.keep(conversation);
        showState();
    },
    removed(id) {
        chat.drop(id);
        if (id === chat.conversation.id) open(newConversation());
    },
    restored: (id) => chat.restore(id),
});

const settingsPanel = new SettingsPanel({
    server: () => server,
    context,
    enterKey,
    changed(name) {
        if (name === "language") showLanguage();
        else composer.showChoices();
    },
    imported: () => sidebar.show(),
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

function openNew() {
    drawers.closeOverlays();
    open(newConversation());
}

function showEmpty() {
    const { model } = chosenModel(server);
    const missing = Object.keys(packages).filter((name) => !globalThis[name]).map((name) => packages[name]);
    // What is known is known of the server's own model.
    const about = model === server?.model ? server?.about : null;
    showWelcome(model, about, missing, (question) => {
        // They are measured without a preset.
        settings.set("preset", "");
        composer.showChoices();
        composer.write(question);
        composer.focus();
    });
}

/** Shows the model that is asked, and what depends on it. */
function showModel() {
    showModels(server, showModel);
    showEmpty();
    composer.showChoices();
    settingsPanel.show();
}

/** Writes every word anew. */
function showLanguage() {
    applyLanguage();
    showAppearance();
    showModel();
    live.make();
    chat.redraw();
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
        await loadModels();
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

async function openByAddress(id = location.hash.slice(1)) {
    if (!id || id === chat.conversation.id) return;
    const kept = await conversations.get(id).catch(() => null);
    if (kept) chat.open(kept);
}

const shortcuts = {
    newChat: openNew,
    search() {
        drawers.showHistory(true);
        if (!byID("search").hidden) byID("search").focus();
    },
    question: () => composer.focus(),
    edit: () => chat.editLast(),
    async copyAnswer() {
        const text = chat.lastAnswer?.text;
        if (text && await copyText(text)) announce(t("copied"));
    },
    again: () => chat.lastAnswer && !chat.current && chat.again(chat.lastAnswer),
    live: () => drawers.toggle("live"),
    settings: () => drawers.toggle("settings"),
    help: toggleHelp,
};

async function begin() {
    settings.load();
    const asked = location.hash.slice(1);
    live = new LivePanel();
    for (const element of document.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
    showLanguage();
    await conversations.open();
    await openByAddress(asked);
    byID("new-chat").addEventListener("click", openNew);
    byID("export").addEventListener("click", () => exportMarkdown(chat.conversation));
    byID("open-help").addEventListener("click", toggleHelp);
    addAppearance((name) => (name === "language" ? showLanguage() : settingsPanel.show()));
    addShortcuts(shortcuts);
    addEventListener("hashchange", () => openByAddress());
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
        if (!drawers.closeOverlays()) chat.stop();
    });
    document.body.classList.add("ready");
    composer.focus();
    await sidebar.show();
    await connect();
}

begin();
