"""What is said in the demo's chats, and by whom.

A scripted customer and a robot agent follow the same dialogue without knowing of each other: the customer says its
next line when the agent has answered, and the agent finds its answer by what was asked.  To what is in no dialogue,
because a person wrote it, the agent has an honest answer.
"""

from __future__ import annotations

import msgspec


class Dialogue(msgspec.Struct, frozen=True):
    turns: list[tuple[str, str]]
    """What the customer writes, and what a robot agent answers."""
    farewell: str
    note: str
    """What the agent notes afterwards."""
    topic: str = "support"
    """The queue that it suits, if there is one of that name."""


DIALOGUES = [
    Dialogue(
        [
            ("Hello, my router blinks red since this morning.", "Good morning! Does the lamp blink or is it steady?"),
            ("It blinks, about twice a second.", "Then it can't reach the exchange. Please unplug it for ten seconds."),
            ("Done. Now it's green!", "Very good. I have noted it, in case it comes back."),
        ],
        "Great, thank you very much!",
        "router restarted, line is up again",
    ),
    Dialogue(
        [
            ("Hi, I can't find my invoice of last month.", "Hello! I'll look it up. What is your customer number?"),
            ("It's 48 2207.", "Thank you. It went to your old address; I am sending it to you again by mail."),
            ("Can you also change the address?", "Of course, it is changed from now on."),
        ],
        "Perfect, that was quick. Bye!",
        "invoice sent again, address corrected",
    ),
    Dialogue(
        [
            ("Do you deliver to Austria?", "Hello! Yes, we do. It takes three to four days."),
            ("And what does it cost?", "Up to 5 kg it is 9.90, above that 14.90."),
        ],
        "All right, then I'll order. Thanks!",
        "asked for delivery to Austria, will order",
        "sales",
    ),
    Dialogue(
        [
            (
                "Good day, do you still have the blue one in size 40?",
                "Hello! One moment, I am looking... yes, two pairs.",
            ),
            ("Could you put one aside for me until tomorrow?", "With pleasure. Under which name?"),
            ("Under mine, please, with the number 2217.", "It is waiting for you at the counter."),
        ],
        "Wonderful, see you tomorrow!",
        "one pair put aside until tomorrow",
        "sales",
    ),
    Dialogue(
        [
            ("I forgot my password and the mail with the link never comes.", "Hello, sorry to hear that. One moment."),
            (
                "I have looked into the spam folder, too.",
                "There was a typing error in your address. I have corrected it.",
            ),
            ("Ah! And now?", "Now ask for the link once more, please. It should be there within a minute."),
        ],
        "It's there. Thank you!",
        "mail address corrected",
    ),
    Dialogue(
        [
            ("Is the shop in Lindenstrasse open on Saturday?", "Good day! Yes, from 10 to 16 o'clock."),
            ("Can I bring my parcel back there?", "You can. Please have the order number with you."),
        ],
        "Thanks, see you on Saturday.",
        "asked for opening hours",
    ),
]

TOPICS = frozenset(dialogue.topic for dialogue in DIALOGUES)

CALL_NOTES = ["all questions answered", "sent it again by mail", "customer is content", ""]

FAREWELL = "You are welcome. Have a nice day!"
STILL_THERE = "Hello? Is anybody there?"
HONEST = [
    "Hello! I am {name}, a robot of Zentrale's demo. I have read your line, but I only know my script.",
    "I can't say more to that than that I have read it. A person could: sign in at the agents' page and take the chat.",
    "Still reading, still a robot. End the chat whenever you like.",
]

CALLERS = [
    ("+493090182031", "Mia Keller"),
    ("+4989244108", "Jonas Brandt"),
    ("+4940380277", "Layla Haddad"),
    ("+43153480", "Franz Gruber"),
    ("+41443172", "Elena Rossi"),
    ("+442079460018", "Oliver Bennett"),
    ("+33140205317", "Chloé Martin"),
    ("+48225950", "Piotr Zieliński"),
    ("anonymous", ""),
]
VISITORS = ["Lena Vogt", "Samir", "Aisha Bello", "Tom", "Ines Castro", "Noah Lindqvist", "Yuki Tanaka", "Carla", "Emre"]

_ANSWERS = {asked: answer for dialogue in DIALOGUES for asked, answer in dialogue.turns}
_ANSWERS[STILL_THERE] = "Yes, I am. Sorry that it takes so long!"
_FAREWELLS = {dialogue.farewell: dialogue for dialogue in DIALOGUES}


def answer_to(text: str) -> str | None:
    """A robot agent's answer to a customer's line; None when no dialogue has the line."""
    return FAREWELL if text in _FAREWELLS else _ANSWERS.get(text)


def note_for(lines: list[str]) -> str:
    """What an agent notes after a chat with these lines."""
    return next((_FAREWELLS[line].note for line in lines if line in _FAREWELLS), "")
