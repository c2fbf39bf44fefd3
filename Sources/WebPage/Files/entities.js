// Character references, as `marked` leaves them in text and as models write them.

const named = {
    amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", hellip: "…", mdash: "—", ndash: "–", times: "×",
    divide: "÷", le: "≤", ge: "≥", ne: "≠", rarr: "→", larr: "←", middot: "·", copy: "©", pi: "π", infin: "∞",
};

export function decodeEntities(text) {
    if (!text.includes("&")) return text;
    return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,8}));/gi, (whole, hex, decimal, name) => {
        if (name) return Object.hasOwn(named, name) ? named[name] : whole;
        const code = hex ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10);
        return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
    });
}
