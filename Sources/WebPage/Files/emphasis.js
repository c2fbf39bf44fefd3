// Which `*` and `_` are signs of arithmetic, and not of emphasis: `17*23*4`, `(a+b)*c*d`, `x**2 + y**2`, `3 *4* 5`.

const before = /[\p{Script=Latin}\p{Script=Greek}\p{N})\]}|!%'′$]/u;
const after = /[\p{Script=Latin}\p{Script=Greek}\p{N}([{|\\$√+\-−]/u;
const digit = /\p{N}/u;
// A number, a variable or the end of a parenthesis, and then a space.
const spacedBefore = /(?:(?<![\p{L}\p{N}])\p{Ll}|\p{N}|[)\]}]) $/u;
const spacedAfter = /^(?:\p{Ll}(?![\p{L}\p{N}])|\p{N}|[([{√])/u;

/** The text with such signs masked by letters, at the same places. */
export function withoutArithmetic(text) {
    // Emphasis that has begun, by the length of its sign: a sign within a word may end it, but none begins there.
    const open = { 1: false, 2: false };
    return text.replace(/\*+|_+/g, (run, place) => {
        const end = place + run.length;
        const [left, right] = [text[place - 1] ?? " ", text[end] ?? " "];
        const mask = "x".repeat(run.length);
        if (before.test(left) && after.test(right)) {
            const isProduct = digit.test(left) && /[\p{N}(+\-−]/u.test(right);
            if (run[0] === "_" || !open[run.length] || isProduct) return mask;
            open[run.length] = false;
        } else if (run === "*" && spacedBefore.test(text.slice(Math.max(0, place - 3), place)) && spacedAfter.test(text.slice(end, end + 2))) {
            return mask;
        } else if (run[0] === "*") {
            // What a space follows can only end emphasis.
            open[run.length] = !/\s/.test(right) && (/\s/.test(left) || !open[run.length]);
        }
        return run;
    });
}

/** For `marked`: emphasis without those signs, and no strike-out by single tildes, which mean "about". */
export const tokenizer = {
    emStrong(src, masked, previous) {
        const text = withoutArithmetic(masked);
        if (text[masked.length - src.length] !== src[0]) return undefined;
        return globalThis.marked.Tokenizer.prototype.emStrong.call(this, src, text, previous);
    },
    del(src) { return src.startsWith("~~") ? false : undefined; },
};
