// A conversation is a tree: an edited question or another answer stands beside the earlier one, and nothing is lost.
//
// Plain data, so that it can be stored: {id, title, isNamed, created, updated, nodes: [node], chosen: {parent: child}}.
// A node is {id, parent, role, text} and, for an answer, {reasoning, state, error, stats}.

export const newID = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
const top = "top";

export function newConversation() {
    const now = Date.now();
    return { id: newID(), title: "", isNamed: false, created: now, updated: now, nodes: [], chosen: {} };
}

/** Adds a message below `parent` (null is the top) and makes it the one that is shown. */
export function addNode(conversation, parent, fields) {
    const node = { id: newID(), parent: parent?.id ?? top, text: "", ...fields };
    conversation.nodes.push(node);
    choose(conversation, node);
    conversation.updated = Date.now();
    return node;
}

/** Gives a conversation a name of its own; an empty one names it by its first question again. */
export function rename(conversation, title) {
    conversation.isNamed = title !== "";
    conversation.title = title || titleOf(shownPath(conversation)[0]);
}

/** What a conversation is called that begins with a question: its first line. */
function titleOf(question) {
    const line = (question?.text ?? "").trim().split("\n", 1)[0].replace(/\$([^$]+)\$/g, "$1");
    return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** The messages that stand at the same place as one, it included. */
export function siblings(conversation, node) {
    return conversation.nodes.filter((other) => other.parent === node.parent);
}

/** Shows this one of its siblings. */
export function choose(conversation, node) {
    conversation.chosen[node.parent] = node.id;
    if (node.parent === top && !conversation.isNamed) conversation.title = titleOf(node);
}

export function parentOf(conversation, node) {
    return conversation.nodes.find((other) => other.id === node.parent) ?? null;
}

/** The messages that are shown, from the first. */
export function shownPath(conversation) {
    const path = [];
    for (let place = top; ;) {
        const id = conversation.chosen[place];
        const node = conversation.nodes.find((other) => other.id === id && other.parent === place);
        if (!node) return path;
        path.push(node);
        place = node.id;
    }
}

/** What the model is told before it answers as `node`: earlier answers without their thinking. */
export function promptFor(conversation, node, system) {
    const messages = system ? [{ role: "system", content: system }] : [];
    for (const earlier of shownPath(conversation)) {
        if (earlier.id === node.id) break;
        if (earlier.role === "user" || earlier.text) messages.push({ role: earlier.role, content: earlier.text });
    }
    return messages;
}

/** What is asked so that an answer goes on where it ended: what it has, thinking included, stands last. */
export function continuationOf(conversation, node, system) {
    const thinking = node.reasoning ? `<think>\n${node.reasoning}${node.text ? "\n</think>\n\n" : ""}` : "";
    return {
        messages: [...promptFor(conversation, node, system), { role: "assistant", content: thinking + node.text }],
        continue_final_message: true,
        add_generation_prompt: false,
    };
}

/** The shown messages as Markdown; `words` names who speaks. */
export function markdownOf(conversation, words) {
    const parts = [`# ${conversation.title || words.untitled}`];
    for (const node of shownPath(conversation)) {
        parts.push(`## ${node.role === "user" ? words.you : node.model || words.model}`);
        if (node.reasoning) {
            parts.push(`<details>\n<summary>${words.thinking}</summary>\n\n${node.reasoning.trim()}\n\n</details>`);
        }
        if (node.text) parts.push(node.text.trim());
        if (node.state === "stopped" || node.state === "failed") parts.push(`*${words[node.state]}*`);
    }
    return parts.join("\n\n") + "\n";
}
