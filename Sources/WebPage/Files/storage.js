// What the browser keeps: settings, the key, and conversations. Nothing of it goes anywhere else.

const settingsName = "kongur.settings";
const keyName = "kongur.key";

function read(store, name) {
    try { return store().getItem(name); } catch { return null; }
}

function write(store, name, value) {
    try {
        if (value === null) store().removeItem(name);
        else store().setItem(name, value);
    } catch {
        // A browser that keeps nothing still shows the page; the choice holds until it is closed.
    }
}

const lasting = () => localStorage;
const passing = () => sessionStorage;

/** What the person has chosen; written as soon as it changes. */
export const settings = {
    values: {},

    load() {
        try {
            const values = JSON.parse(read(lasting, settingsName) ?? "{}");
            if (values && typeof values === "object") this.values = values;
        } catch {
            this.values = {};
        }
    },

    get(name, otherwise = null) { return this.values[name] ?? otherwise; },

    set(name, value) {
        if (value === null || value === "") delete this.values[name];
        else this.values[name] = value;
        write(lasting, settingsName, JSON.stringify(this.values));
    },
};

/** The API key: for this tab, or for as long as the browser keeps it. */
export const key = {
    held: null,

    get() { return this.held ?? read(passing, keyName) ?? read(lasting, keyName); },

    set(value, isKept) {
        this.held = value;
        write(passing, keyName, value);
        write(lasting, keyName, isKept ? value : null);
    },

    forget() { this.set(null, false); },
};

/** Conversations by id, in IndexedDB; in memory where the browser has none, which `isLasting` tells. */
export const conversations = {
    database: null,
    memory: new Map(),

    async open() {
        try {
            const request = indexedDB.open("kongur", 1);
            request.onupgradeneeded = () => request.result.createObjectStore("conversations", { keyPath: "id" });
            this.database = await finished(request);
            // Another tab with a newer page may need to change it.
            this.database.onversionchange = () => this.database.close();
        } catch {
            this.database = null;
        }
    },

    get isLasting() { return this.database !== null; },

    /** The newest first. */
    async all() {
        const list = this.database ? await this.ask("readonly", (store) => store.getAll()) : [...this.memory.values()];
        return list.sort((a, b) => b.updated - a.updated);
    },

    async save(conversation) {
        if (!this.database) {
            this.memory.set(conversation.id, conversation);
            return;
        }
        await this.ask("readwrite", (store) => store.put(structuredClone(conversation)));
    },

    async remove(id) {
        this.memory.delete(id);
        if (this.database) await this.ask("readwrite", (store) => store.delete(id));
    },

    async removeAll() {
        this.memory.clear();
        if (this.database) await this.ask("readwrite", (store) => store.clear());
    },

    ask(mode, what) {
        return finished(what(this.database.transaction("conversations", mode).objectStore("conversations")));
    },
};

function finished(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        request.onblocked = () => reject(new Error("blocked"));
    });
}
