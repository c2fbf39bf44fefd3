// Shows a text by MarkdownView as it grows by one character at a time, and at once; tells where source was seen, and how
// the outcomes differ. Run as a WebDriver script: arguments are the text and what takes the outcome.
const [text, done] = arguments;
const signs = /\\|\$(?![56])|`|\*|\]\(|\|/;

function seen(element) {
    const copy = element.cloneNode(true);
    for (const drawn of copy.querySelectorAll(".katex, pre")) drawn.remove();
    return copy.textContent;
}

import("./page/markdown.js").then(({ MarkdownView }) => {
    const [growing, whole] = [document.createElement("div"), document.createElement("div")];
    const view = new MarkdownView(growing);
    const faults = [];
    for (let end = 1; end < text.length; end += 1) {
        view.update(text.slice(0, end), false);
        if (signs.test(seen(growing))) faults.push([text.slice(Math.max(0, end - 30), end), seen(growing).slice(-60)]);
    }
    view.update(text, true);
    new MarkdownView(whole).update(text, true);
    done({
        faults,
        isSame: growing.isEqualNode(whole),
        formulas: whole.querySelectorAll(".katex").length,
        codes: [...whole.querySelectorAll("pre")].map((code) => code.textContent),
    });
}).catch((error) => done(String(error)));
