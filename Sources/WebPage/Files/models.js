// The model that is asked: the server's, or one of several.

import { modelList } from "./api.js";
import { byID, h } from "./dom.js";
import { t } from "./language.js";
import { settings } from "./storage.js";

let models = [];

/** Asks the server for its models; a server that does not say has one. */
export async function loadModels() {
    models = await modelList().catch(() => []);
}

/** What is asked: {model, context}, by the choice, else by what the server told the page. */
export function chosenModel(server) {
    const name = settings.get("model");
    const known = models.find(({ id }) => id === name) ?? models.find(({ id }) => id === server?.model);
    return { model: known?.id ?? server?.model ?? "", context: known?.max_model_len ?? server?.context_length ?? Infinity };
}

/** Shows the model's name, or a choice where there are several; `chosen` is told of another one. */
export function showModels(server, chosen) {
    const { model } = chosenModel(server);
    if (models.length < 2) {
        byID("model").textContent = model;
        return;
    }
    const choose = (event) => {
        settings.set("model", event.target.value);
        chosen();
    };
    byID("model").replaceChildren(h("select", { id: "model-choice", "aria-label": t("model"), onchange: choose },
        ...models.map(({ id }) => h("option", { value: id, selected: id === model }, id))));
}
