// Makes the children of an element, from one on, look like new ones while keeping what is equal: what a reader has
// selected, focused or scrolled stays as it is.

export function morph(parent, start, nodes) {
    nodes.forEach((node, index) => {
        const old = parent.childNodes[start + index];
        if (!old) parent.append(node);
        else if (!old.isEqualNode(node)) change(old, node);
    });
    while (parent.childNodes.length > start + nodes.length) parent.lastChild.remove();
}

function change(old, node) {
    if (old.nodeType === Node.TEXT_NODE && node.nodeType === Node.TEXT_NODE) {
        if (node.data.startsWith(old.data)) old.appendData(node.data.slice(old.data.length));
        else old.data = node.data;
    } else if (isSameKind(old, node)) {
        for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name);
        for (const { name, value } of [...node.attributes]) {
            if (old.getAttribute(name) !== value) old.setAttribute(name, value);
        }
        morph(old, 0, [...node.childNodes]);
    } else {
        old.replaceWith(node);
    }
}

// Formulas carry styles that attributes would not bring over, so a changed one is replaced.
function isSameKind(old, node) {
    return old.nodeType === Node.ELEMENT_NODE && old.nodeName === node.nodeName && !old.classList.contains("math")
        && !node.classList?.contains("math");
}
