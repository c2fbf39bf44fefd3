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

/**
 * Conversations in IndexedDB, with what a list shows of them apart, so that listing many does not read them all.
 * In memory where the browser has none, which `isLasting` tells.
 */
export const conversations = {
    database: null,
    memory: new Map(),

    async open() {
        try {
            const request = indexedDB.open("kongur", 1);
            request.onupgradeneeded = () => {
                for (const name of ["conversations", "entries"]) request.result.createObjectStore(name, { keyPath: "id" });
            };
            this.database = await finished(request);
            // Another tab with a newer page may need to change it.
            this.database.onversionchange = () => this.database.close();
        } catch {
            this.database = null;
        }
    },

    get isLasting() { return this.database !== null; },

    /** {id, title, updated} of each, the newest first. */
    async entries() {
        const list = this.database
            ? await finished(this.stores("readonly").entries.getAll()) : [...this.memory.values()].map(entry);
        return list.sort((a, b) => b.updated - a.updated);
    },

    /** Every conversation, the newest first. */
    async all() {
        const list = this.database
            ? await finished(this.stores("readonly").conversations.getAll()) : [...this.memory.values()];
        return list.sort((a, b) => b.updated - a.updated);
    },

    /** Entries of those that have all of these words, in their title or in what was said. */
    async search(text) {
        const words = text.toLocaleLowerCase().split(/\s+/);
        const has = ({ title, nodes }) => {
            const said = [title, ...nodes.map((node) => node.text)].join("\n").toLocaleLowerCase();
            return words.every((word) => said.includes(word));
        };
        return (await this.all()).filter(has).map(entry);
    },

    async get(id) {
        if (!this.database) return this.memory.get(id) ?? null;
        return await finished(this.stores("readonly").conversations.get(id)) ?? null;
    },

    async save(conversation) {
        if (!this.database) {
            this.memory.set(conversation.id, conversation);
            return;
        }
        const stores = this.stores("readwrite");
        stores.entries.put(entry(conversation));
        await finished(stores.conversations.put(conversation));
    },

    async remove(id) {
        this.memory.delete(id);
        if (!this.database) return;
        const stores = this.stores("readwrite");
        stores.entries.delete(id);
        await finished(stores.conversations.delete(id));
    },

    async removeAll() {
        this.memory.clear();
        if (!this.database) return;
        const stores = this.stores("readwrite");
        stores.entries.clear();
        await finished(stores.conversations.clear());
    },

    stores(mode) {
        const transaction = this.database.transaction(["conversations", "entries"], mode);
        return { conversations: transaction.objectStore("conversations"), entries: transaction.objectStore("entries") };
    },
};

const entry = ({ id, title, updated }) => ({ id, title, updated });

function finished(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        request.onblocked = () => reject(new Error("blocked"));
    });
}
