"""A few friendly sentences, so that a greeting is answered with a greeting."""

from random import Random

from .problem import Problem

HELLO = ["hi", "Hi", "Hi!", "hello", "Hello", "Hello!", "Hey", "hey there", "Good morning", "Good morning!", "Hello there!", "Hi pebble"]
WHO = ["Who are you?", "who are you", "What are you?", "What is your name?", "what can you do?", "What can you do?", "Tell me about yourself.",
       "Introduce yourself.", "How can you help me?", "help"]
THANKS = ["Thanks", "thanks!", "Thank you", "Thank you!", "thank you very much", "Great, thanks!"]
REPLIES = [
    (HELLO, "Hello! Ask me a small mathematics problem."),
    (WHO, "I am pebble, a very small model. I solve school mathematics step by step. Try: What is 47 + 385?"),
    (THANKS, "You are welcome!"),
]


def small_talk(random: Random) -> Problem:
    asks, reply = random.choice(REPLIES)
    return Problem("small_talk", str(random.random()), random.choice(asks), "", reply, reply)
