// A word for some seconds.

import { byID, h } from "./dom.js";

/** Shows words, with something to do about them where there is. */
export function toast(words, action = null, act = null) {
    const element = h("div", { class: "toast" }, h("span", {}, words));
    if (action) {
        element.append(h("button", {
            type: "button",
            class: "text-button",
            onclick: () => {
                element.remove();
                act();
            },
        }, action));
    }
    byID("toast").replaceChildren(element);
    setTimeout(() => element.remove(), 8000);
}
