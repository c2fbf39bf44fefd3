"""The ways in which people put a question."""

from random import Random

PREFIXES = ["Please ", "Can you ", "Could you ", "Help me: ", "Hi! ", "Hello, ", "Question: ", "Problem: ", "Quick one: "]
SUFFIXES = [
    " Show your work.", " Think step by step.", " Explain your steps.", " Thanks!", " Please show the steps.",
    " Give the final answer in a box.", " Put the final answer in \\boxed{}.", "\nAnswer:",
    "\nPlease reason step by step, and put your final answer within \\boxed{}.",
    " Let's think step by step.", " Please.",
]
VERBS = ("Add", "Calc", "Comp", "Find", "Work", "Solve", "Sub", "Mult", "Div", "Eval", "Det", "Give", "Write", "Take", "Tell")


def chosen(random: Random, wordings: list[str], **values) -> str:
    """One of the wordings, filled in and dressed as a book or a chat would dress it."""
    text = random.choice(wordings).format(**values)
    if random.random() < 0.3:
        text = text.replace(" + ", "+").replace(" - ", "-").replace(" * ", "*").replace(" / ", "/").replace(" = ", "=")
    return dressed(random, text)


def dressed(random: Random, text: str) -> str:
    """The text with a greeting, a request for steps, or careless typing, most often with none of them."""
    if random.random() < 0.12:
        prefix = random.choice(PREFIXES)
        asks = prefix in ("Please ", "Can you ", "Could you ")
        if not asks or text.startswith(VERBS):
            text = prefix + (text[0].lower() + text[1:] if asks else text)
            if prefix in ("Can you ", "Could you "):
                text = text.rstrip(".") + "?"
    typing = random.random()
    if typing < 0.08:
        text = text.lower() if "\\" not in text else text
    elif typing < 0.16:
        text = text.rstrip(".?")
    if random.random() < 0.15:
        text += random.choice(SUFFIXES)
    return text
