// The parts beside the conversation: history on the left; settings or live figures on the right. Beside it where there
// is room, over it where there is none.

import { byID } from "./dom.js";

const besideHistory = matchMedia("(min-width: 1000px)");
const besidePanel = matchMedia("(min-width: 1200px)");

export class Drawers {
    /** `hooks` are told by name when a panel opens and closes. */
    constructor(hooks) {
        this.hooks = hooks;
        this.isHistoryOpen = false;
        this.panel = null;
        byID("open-history").addEventListener("click", () => this.showHistory(true));
        byID("close-history").addEventListener("click", () => this.showHistory(false));
        byID("backdrop").addEventListener("click", () => this.closeOverlays());
        for (const name of ["live", "settings"]) {
            byID(`open-${name}`).addEventListener("click", () => this.toggle(name));
            byID(`close-${name}`).addEventListener("click", () => this.showPanel(null));
        }
        for (const width of [besideHistory, besidePanel]) width.addEventListener("change", () => this.layOut());
        this.layOut();
    }

    toggle(name) { this.showPanel(this.panel === name ? null : name); }

    showHistory(isOpen) {
        this.isHistoryOpen = isOpen;
        this.layOut();
        if (!besideHistory.matches) byID(isOpen ? "close-history" : "open-history").focus();
    }

    showPanel(name) {
        const before = this.panel;
        this.panel = name;
        this.layOut();
        if (before && before !== name) this.hooks[before]?.(false);
        if (name) {
            this.hooks[name]?.(true);
            byID(`close-${name}`).focus();
        } else if (before) {
            byID(`open-${before}`).focus();
        }
    }

    /** Closes what lies over the conversation; whether there was something. */
    closeOverlays() {
        if (this.panel && !besidePanel.matches) this.showPanel(null);
        else if (this.isHistoryOpen && !besideHistory.matches) this.showHistory(false);
        else return false;
        return true;
    }

    layOut() {
        const isHistoryOver = this.isHistoryOpen && !besideHistory.matches;
        const isPanelOver = this.panel !== null && !besidePanel.matches;
        document.body.classList.toggle("history-open", isHistoryOver);
        byID("sidebar").inert = !besideHistory.matches && !isHistoryOver;
        for (const name of ["live", "settings"]) {
            byID(name).hidden = this.panel !== name;
            byID(`open-${name}`).setAttribute("aria-expanded", String(this.panel === name));
        }
        document.body.classList.toggle("panel-open", this.panel !== null);
        // What is under an overlay is out of reach.
        byID("main").inert = isHistoryOver || isPanelOver;
        byID("backdrop").hidden = !isHistoryOver && !isPanelOver;
    }
}
