// Asks for an API key where the server wants one.

import { pageSettings } from "./api.js";
import { byID } from "./dom.js";
import { t } from "./language.js";
import { key } from "./storage.js";

/** Asks until a key is known to the server, or the person gives up; whether there is one now. */
export function askForKey() {
    const [dialog, form, field, fault] = ["key-dialog", "key-form", "key-field", "key-fault"].map(byID);
    if (dialog.open) return Promise.resolve(false);
    field.value = "";
    fault.textContent = key.get() ? t("keyWrong") : "";
    dialog.showModal();
    return new Promise((resolve) => {
        const before = key.get();
        const end = (isKnown) => {
            form.onsubmit = null;
            dialog.onclose = null;
            dialog.close();
            resolve(isKnown);
        };
        dialog.onclose = () => end(false);
        byID("key-cancel").onclick = () => end(false);
        form.onsubmit = async (event) => {
            event.preventDefault();
            const shown = field.value.trim();
            if (!shown) return;
            key.set(shown, byID("key-keep").checked);
            try {
                await pageSettings();
                end(true);
            } catch (error) {
                if (error.kind === "key") {
                    if (before) key.set(before, false);
                    else key.forget();
                    fault.textContent = t("keyWrong");
                    field.select();
                } else {
                    end(true);
                }
            }
        };
    });
}
