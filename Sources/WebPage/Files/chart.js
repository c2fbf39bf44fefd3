// Small charts of what is known so far, drawn as SVG, with a time axis and values to be read.

import { h, svg } from "./dom.js";
import { duration, t } from "./language.js";

const [width, height] = [300, 56];
// The shortest time that is drawn, in seconds; then the axis grows with the time there is.
const leastSpan = 10;
// Above this, every other point is left out: older times are seen less closely.
const mostPoints = 900;
// A line is broken where nothing was asked for so many seconds.
const gap = 10;

/** A line over time that is filled below. */
export class Chart {
    /** `format` writes a value; `series` are names of classes, the first is drawn in front; `least` is the smallest top. */
    constructor(name, { format, series = ["first"], least = 1, top = null }) {
        Object.assign(this, { name, format, least, top });
        this.points = [];
        this.shown = null;
        this.areas = series.map((kind) => svg("path", { class: `area ${kind}` }));
        this.lines = series.map((kind) => svg("path", { class: `line ${kind}` }));
        this.now = h("strong", { class: "now" });
        this.note = h("span", { class: "note" });
        this.scale = h("span", { class: "scale", "aria-hidden": "true" });
        this.cursor = h("span", { class: "cursor", hidden: true });
        this.reading = h("span", { class: "reading", hidden: true });
        this.axis = [h("span"), h("span"), h("span")];
        const drawing = svg(
            "svg",
            { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "plot" },
            ...this.areas.toReversed(),
            ...this.lines.toReversed()
        );
        this.box = h("div", {
            class: "plot-box", tabindex: "0", role: "slider", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "0",
            "aria-valuenow": "0",
        }, drawing, this.scale, this.cursor, this.reading);
        this.box.addEventListener("pointermove", (event) => this.point(event));
        this.box.addEventListener("pointerdown", (event) => this.point(event));
        this.box.addEventListener("pointerleave", () => this.read(null));
        this.box.addEventListener("blur", () => this.read(null));
        this.box.addEventListener("keydown", (event) => this.step(event));
        this.element = h("section", { class: "chart" },
            h("header", {}, h("h3", {}, name), this.now),
            this.box,
            h("div", { class: "axis", "aria-hidden": "true" }, ...this.axis),
            this.note);
    }

    /** Adds a moment's values, one for each series, and draws; `time` is in seconds. */
    add(time, values, now, note) {
        this.points.push({ time, values });
        if (this.points.length > mostPoints) {
            const last = this.points.length - 1;
            this.points = this.points.filter((_, index) => (last - index) % 2 === 0);
            this.shown = null;
        }
        const most = Math.max(...this.points.flatMap((point) => point.values));
        const top = this.top ?? niceTop(Math.max(most, this.least));
        this.span = Math.max(leastSpan, time - this.points[0].time);
        values.forEach((_, index) => this.drawSeries(index, top));
        this.now.textContent = now;
        this.note.replaceChildren(...[note].flat());
        this.scale.textContent = this.format(top);
        [this.span, this.span / 2, 0].forEach((ago, index) => {
            this.axis[index].textContent = ago ? t("charts.ago", duration(ago)) : t("charts.rightNow");
        });
        this.box.setAttribute("aria-label", t("charts.summary", this.name, now, this.format(most)));
        this.box.setAttribute("aria-valuemax", String(this.points.length - 1));
        this.read(this.shown);
    }

    /** Where a time is drawn, from 0 to 1. */
    place(time) { return 1 - (this.points.at(-1).time - time) / this.span; }

    drawSeries(index, top) {
        const [line, area] = [[], []];
        let start = null;
        this.points.forEach(({ time, values }, number) => {
            const x = (this.place(time) * width).toFixed(1);
            const y = (height - 1 - (Math.min(values[index], top) / top) * (height - 4)).toFixed(1);
            const follows = number > 0 && time - this.points[number - 1].time < gap + this.span / mostPoints * 4;
            if (!follows) {
                if (start) area.push(`L${this.end} ${height}Z`);
                start = x;
                area.push(`M${x} ${height}`);
            }
            line.push(`${follows ? "L" : "M"}${x} ${y}`);
            area.push(`L${x} ${y}`);
            this.end = x;
        });
        area.push(`L${this.end} ${height}Z`);
        this.lines[index].setAttribute("d", line.join(""));
        this.areas[index].setAttribute("d", area.join(""));
    }

    /** Reads the values at the pointer. */
    point(event) {
        if (!this.points.length) return;
        const { left, width: full } = this.box.getBoundingClientRect();
        const time = this.points.at(-1).time - (1 - (event.clientX - left) / full) * this.span;
        const distance = (point) => Math.abs(point.time - time);
        this.read(this.points.reduce((best, point) => (distance(point) < distance(best) ? point : best)));
    }

    /** Reads the values before or after those that are read, by the arrow keys. */
    step(event) {
        const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity }[event.key];
        if (!by || !this.points.length) return;
        event.preventDefault();
        const last = this.points.length - 1;
        const place = this.shown ? this.points.indexOf(this.shown) : last + 1;
        this.read(this.points[Math.min(last, Math.max(0, place + by))]);
    }

    /** Shows the values of a point; null shows none. */
    read(point) {
        this.shown = point;
        this.cursor.hidden = this.reading.hidden = !point;
        if (!point) {
            this.box.removeAttribute("aria-valuetext");
            return;
        }
        const place = this.place(point.time);
        const ago = this.points.at(-1).time - point.time;
        const when = ago < 1 ? t("charts.rightNow") : t("charts.ago", duration(ago));
        const words = `${point.values.map(this.format).join(" · ")}, ${when}`;
        this.cursor.style.left = `${place * 100}%`;
        this.reading.textContent = words;
        this.reading.classList.toggle("left", place > 0.5);
        this.reading.style[place > 0.5 ? "right" : "left"] = `${(place > 0.5 ? 1 - place : place) * 100}%`;
        this.reading.style[place > 0.5 ? "left" : "right"] = "auto";
        this.box.setAttribute("aria-valuetext", words);
        this.box.setAttribute("aria-valuenow", String(this.points.indexOf(point)));
    }
}

/** The least of 1, 2 and 5 times a power of ten that is not below a value. */
function niceTop(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
