"""What every page has: the frame around its sections, and the pieces that look the same on all of them."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from string import Template

from tonewright.report.figures import COLOURS

SCRIPTS = ("player.js", "blind.js", "page.js")


@dataclass(frozen=True)
class Sections:
    """A page in pieces. All but the title are HTML, in which what came from a person is escaped.

    Attributes:
        title: what the model is called, as a person wrote it.
        headline, sentences, notices: the verdict, what it rests on, and what is badly wrong, as plain text.
        ruler: the scale that the verdict stands on.
        player: where the sounds are played.
        figures: the pictures.
        facts: what to list, by name.
        findings: what the data checks said, in words.
        settings: of the model.
        sounds: what the player must know, as JSON values.
    """

    title: str
    headline: str
    sentences: list[str]
    notices: list[str]
    player: str
    figures: str
    sounds: dict
    ruler: str = ""
    settings: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def framed(page: Sections) -> str:
    """The whole page, which runs no script but ours and asks the network for nothing."""
    script = "\n" + "\n".join(file(name) for name in SCRIPTS)
    return Template(file("template.html")).substitute(
        title=escape(page.title),
        # only our own script may run, whatever a title or a finding smuggles in
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=file("page.css"),
        headline=escape(page.headline),
        measured="".join(f"<p>{escape(sentence)}</p>" for sentence in page.sentences),
        ruler=page.ruler,
        notices="".join(f'<p class="notice">{escape(notice)}</p>' for notice in page.notices),
        player=page.player,
        figures=page.figures,
        settings=page.settings,
        facts=_facts(page.facts),
        findings=_findings(page.findings),
        sounds=json.dumps(page.sounds | {"colours": COLOURS}).replace("<", "\\u003c"),
        script=script,
    )


def file(name: str) -> str:
    """The text of a file that lies beside this one."""
    return resources.files("tonewright.report").joinpath(name).read_text(encoding="utf-8")


def blind(what: str) -> str:
    """The blind test, in which a person tells the model from the other side; `what` is what that is called."""
    return Template(file("blind.html")).substitute(what=what, button=what.capitalize())


def figure(title: str, uri: str, words: str) -> str:
    """A picture with its title and what there is to see in it; title and words are HTML."""
    return (
        f"<figure><figcaption><b>{title}</b> <span>{words}</span></figcaption>"
        f'<img src="{uri}" alt="{title}. {words}"></figure>'
    )


def _facts(facts: dict[str, str]) -> str:
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in facts.items()
    )
    return f'<section id="facts"><h2>Facts</h2><table>{rows}</table></section>' if rows else ""


def _findings(findings: list[str]) -> str:
    items = "".join(f"<li>{escape(str(finding))}</li>" for finding in findings)
    words = "What the checks of the recordings found"
    return f'<section id="findings"><h2>{words}</h2><ul>{items}</ul></section>' if items else ""
