// What the server is doing, as charts: asked for only while they are looked at.

import { metricsText } from "./api.js";
import { Chart } from "./chart.js";
import { byID, h } from "./dom.js";
import { explain } from "./errors.js";
import { bytes, number, t } from "./language.js";
import { LiveFigures } from "./metrics.js";

const interval = 2000;

export class LivePanel {
    constructor() {
        this.figures = new LiveFigures();
        this.timer = null;
        this.make();
        document.addEventListener("visibilitychange", () => {
            if (this.isOpen) this.open();
        });
    }

    /** The charts, empty, in the chosen language. */
    make() {
        const count = (value) => number(value, value < 10 && value % 1 ? 1 : 0);
        const percent = (value) => `${number(value * 100)} %`;
        const chart = (name, options) => new Chart(t(`charts.${name}`), options);
        this.charts = {
            throughput: chart("throughput", { format: count, series: ["first", "second"], least: 10 }),
            running: chart("running", { format: count, least: 4 }),
            waiting: chart("waiting", { format: count, least: 4 }),
            cache: chart("cache", { format: percent, top: 1 }),
            processor: chart("processor", { format: percent, top: 1 }),
            device: chart("deviceTime", { format: percent, top: 1 }),
            memory: chart("memory", { format: bytes, series: ["first", "second"], least: 1 << 20 }),
        };
        this.state = h("p", { class: "hint" }, t("liveWaiting"));
        this.kernels = h("table", { class: "kernels", hidden: true });
        byID("live-content").replaceChildren(
            this.state, ...Object.values(this.charts).map((chart) => chart.element), this.kernels
        );
    }

    open() {
        this.isOpen = true;
        if (this.timer || document.hidden) return;
        const ask = async () => {
            await this.ask();
            this.timer = this.isOpen && !document.hidden ? setTimeout(ask, interval) : null;
        };
        this.timer = setTimeout(ask, 0);
    }

    close() { this.isOpen = false; }

    async ask() {
        let figures;
        try {
            figures = this.figures.take(await metricsText(), performance.now() / 1000);
            this.state.textContent = t("liveHint");
        } catch (error) {
            this.state.textContent = error.kind ? explain(error) : t("errors.failed");
        }
        if (figures) this.draw(figures);
    }

    draw(now) {
        const { charts } = this;
        const { time } = now;
        const rate = (value) => number(value, value < 10 ? 1 : 0);
        const percent = (value) => `${number(value * 100)} %`;
        const legend = (kind, words) => h("span", { class: `legend ${kind}` }, words);
        charts.throughput.add(time, [now.generated, now.prompt], `${rate(now.generated)} ${t("charts.perSecond")}`, [
            legend("first", `${t("charts.generated")} ${rate(now.generated)}`),
            legend("second", `${t("charts.prompt")} ${rate(now.prompt)}`),
        ]);
        charts.running.add(time, [now.running], number(now.running), `${rate(now.batch)} ${t("charts.batch")}`);
        charts.waiting.add(time, [now.waiting], number(now.waiting), "");
        charts.cache.add(time, [now.hits], percent(now.hits), `${percent(now.cacheUsed)} ${t("charts.used")}`);
        const share = now.processor / Math.max(1, now.threads);
        charts.processor.add(time, [share], percent(share), t("charts.threads", number(now.threads)));
        const busy = now.busy / Math.max(1, now.devices - now.lost);
        charts.device.add(time, [busy], percent(busy), this.deviceNote(now));
        this.drawKernels(now.kernels);
        const device = now.weights + now.keys + now.work;
        const parts = ["weights", "keys", "work"].map((name) => `${t(`charts.${name}`)} ${bytes(now[name])}`);
        charts.memory.add(time, [device, now.resident], bytes(device), [
            legend("first", t("charts.device", parts.join(t("charts.and")))),
            legend("second", `${t("charts.resident")} ${bytes(now.resident)}`),
        ]);
    }

    /** Parts of a line, each of which may break from the others. */
    deviceNote(now) {
        const parts = [t("charts.read", bytes(now.read))];
        if (now.devices > 1) parts.push(t("charts.devices", number(now.devices)));
        if (now.lost > 0) parts.push(t("charts.lost", number(now.lost)));
        if (Number.isFinite(now.temperature)) parts.push(`${number(now.temperature)} °C`);
        return parts.map((part) => h("span", {}, part));
    }

    /** Where the devices' time goes. */
    drawKernels(kernels) {
        const all = kernels.reduce((total, [, seconds]) => total + seconds, 0);
        this.kernels.hidden = kernels.length === 0;
        this.kernels.replaceChildren(
            h("caption", {}, t("charts.kernels")),
            h("tbody", {}, ...kernels.slice(0, 8).map(([operation, seconds]) => h("tr", {},
                h("th", { scope: "row" }, operation),
                h("td", {}, `${number(seconds / all * 100, 1)} %`)
            )))
        );
    }
}
