// Elements, made without ever parsing HTML.

/** An element with attributes and children. `on…` functions become listeners; null and false leave an attribute out. */
export function h(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(key.slice(2), value);
        else if (value !== null && value !== undefined && value !== false) {
            element.setAttribute(key, value === true ? "" : value);
        }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/** The same for SVG, whose children are elements alone. */
export function svg(name, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
}

export const byID = (id) => document.getElementById(id);

// Strokes on a grid of 24.
const shapes = {
    plus: "M12 5v14M5 12h14",
    menu: "M4 7h16M4 12h16M4 17h16",
    send: "M12 19V5M6 11l6-6 6 6",
    stop: "M7 7h10v10H7z",
    copy: "M9 9h10v11H9zM5 15V4h10",
    check: "m5 12.5 4.5 4.5L19 7.5",
    again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
    edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
    left: "m14 6-6 6 6 6",
    right: "m10 6 6 6-6 6",
    down: "M12 5v14M6 13l6 6 6-6",
    close: "M6 6l12 12M18 6 6 18",
    export: "M12 4v11M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
    trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
    chart: "M4 20h16M7 16v-5M12 16V5M17 16V9",
    settings: "M4 8h9M19 8h1M4 16h1M11 16h9M16 5.5v5M8 13.5v5",
    warning: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.3",
    bulb: "M9 18h6M10 21h4M8.5 15.5a6 6 0 1 1 7 0",
    go: "M6 5l10 7-10 7zM19 5v14",
    sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
    keyboard: "M3 6.5h18v11H3zM6.5 10h.1M10 10h.1M13.5 10h.1M17 10h.1M8 14h8",
    key: "M14 10a4 4 0 1 1-4-4 4 4 0 0 1 4 4zM13 13l7 7M17 17l2-2",
};

/** A drawing beside or instead of a word; the word is for whoever listens. */
export function icon(name) {
    return svg(
        "svg",
        { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" },
        svg("path", { d: shapes[name] })
    );
}

/** A button that shows an icon and is called `label`. */
export function iconButton(name, label, onclick, attributes = {}) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes },
        icon(name));
}

/** Tells listeners of screen readers, once, what happened. */
export function announce(text) {
    byID("status").textContent = text;
}

/** Offers text as a file to be saved. */
export function saveFile(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Puts text on the clipboard; false where the browser refuses. */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        // Without HTTPS there is no clipboard; a selection still can be copied.
        const field = h("textarea", { class: "off-screen", "aria-hidden": "true", tabindex: "-1" });
        field.value = text;
        const focused = document.activeElement;
        document.body.append(field);
        field.select();
        const isCopied = document.execCommand("copy");
        field.remove();
        focused?.focus();
        return isCopied;
    }
}
