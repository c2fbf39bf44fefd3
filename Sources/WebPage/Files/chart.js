// Small charts of the last minutes, drawn as SVG.

import { h, svg } from "./dom.js";
import { t } from "./language.js";

const [width, height] = [300, 56];
export const pointCount = 150;

/** A line over time that is filled below. */
export class Chart {
    /** `format` writes a value; `series` are names of classes, the first is drawn in front; `least` is the smallest top. */
    constructor(name, { format, series = ["first"], least = 1, top = null }) {
        Object.assign(this, { name, format, least, top });
        this.values = series.map(() => []);
        this.areas = series.map((kind) => svg("path", { class: `area ${kind}` }));
        this.lines = series.map((kind) => svg("path", { class: `line ${kind}` }));
        this.now = h("strong", { class: "now" });
        this.note = h("span", { class: "note" });
        this.scale = h("span", { class: "scale", "aria-hidden": "true" });
        this.drawing = svg(
            "svg",
            { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": name, class: "plot" },
            ...this.areas.toReversed(),
            ...this.lines.toReversed()
        );
        this.element = h("section", { class: "chart" },
            h("header", {}, h("h3", {}, name), this.now),
            h("div", { class: "plot-box" }, this.drawing, this.scale),
            this.note);
    }

    /** Adds a moment's values, one for each series, and draws. */
    add(values, now, note) {
        values.forEach((value, index) => {
            this.values[index].push(value);
            if (this.values[index].length > pointCount) this.values[index].shift();
        });
        const most = Math.max(...this.values.flat());
        const top = this.top ?? niceTop(Math.max(most, this.least));
        this.values.forEach((points, index) => {
            const line = points.map((value, place) => {
                const x = width - (points.length - 1 - place) * (width / (pointCount - 1));
                return `${x.toFixed(1)} ${(height - 1 - (Math.min(value, top) / top) * (height - 4)).toFixed(1)}`;
            });
            const first = line[0].split(" ", 1)[0];
            this.lines[index].setAttribute("d", `M${line.join("L")}`);
            this.areas[index].setAttribute("d", `M${first} ${height}L${line.join("L")}L${width} ${height}Z`);
        });
        this.now.textContent = now;
        this.note.replaceChildren(...[note].flat());
        this.scale.textContent = this.format(top);
        this.drawing.setAttribute("aria-label", t("charts.summary", this.name, now, this.format(most)));
    }
}

/** The least of 1, 2 and 5 times a power of ten that is not below a value. */
function niceTop(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
