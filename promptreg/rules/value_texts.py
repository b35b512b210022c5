"""The words of the errors about templates and the values given to them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["VALUE_TEXTS"]

VALUE_TEXTS: Mapping[str, tuple[str, str, str]] = {
    "template-syntax": (
        "A template is not valid",
        "The message says what was expected and on which line.",
        "content: 'Hello {{ name }'",
    ),
    "template-unsafe": (
        "A template reaches for something it may not",
        (
            "Templates use values, filters, conditions, loops and macros. Python attributes,"
            " methods and other templates than included fragments are out of reach."
        ),
        "content: '{{ items.append(1) }}'",
    ),
    "template-limit": (
        "A template takes too many steps or makes too long a text",
        (
            "A rendering may take a million steps and put out 16 million characters, so that no"
            " template can stop a service."
        ),
        "content: '{% for i in range(10**9) %}x{% endfor %}'",
    ),
    "template-error": (
        "A template failed while it was rendered",
        "The message names the cause and the line.",
        "content: '{{ total / count }}'         # with a count of 0",
    ),
    "undefined-field": (
        "A template uses a field that its value does not have",
        (
            "Nothing missing is ever rendered silently. Test with `is defined` or use the filter"
            " `default`."
        ),
        "content: '{{ user.nickname }}'         # user is {name: Ada}",
    ),
    "undeclared-variable": (
        "A template uses a variable that is not declared",
        "Once a prompt has `variables:`, all of them stand there.",
        "variables:\n  article: string\nmessages:\n  - role: user\n    content: '{{ artcle }}'",
    ),
    "unknown-variable": (
        "A value is given for a variable that the prompt does not have",
        "Often it is a typing mistake, and the right variable would be missing.",
        "promptreg render summarizer --var artcle=...",
    ),
    "missing-variable": (
        "A required variable has no value",
        "A variable without a default has to be given.",
        "promptreg render summarizer            # article is required",
    ),
    "variable-type": (
        "A value has the wrong type",
        "The value does not fit the type that the prompt declares.",
        'prompt.render(count="three")           # count is an integer',
    ),
    "variable-enum": (
        "A value is none of those the variable allows",
        "The variable's `enum` lists them.",
        'prompt.render(tone="angry")            # neutral or lively',
    ),
    "missing-placeholder": (
        "A placeholder has no messages",
        "The caller fills each placeholder with a list of messages, which may be empty.",
        "prompt.render(question=text, history=[])",
    ),
    "unknown-placeholder": (
        "Messages are given for a placeholder that the prompt does not have",
        "Often it is a typing mistake.",
        "prompt.render(question=text, histroy=[])",
    ),
    "placeholder-type": (
        "A placeholder is given something else than a list of messages",
        "Each message is a mapping with a role.",
        'prompt.render(history=["Hello"])       # [{"role": "user", "content": "Hello"}]',
    ),
    "include-missing": (
        "An included file does not exist",
        "Paths of includes are seen from the prompts folder.",
        "content: '{% include \"shared/stlye.md\" %}'",
    ),
    "include-cycle": (
        "Included files include each other in a circle",
        "The text would have no end.",
        'shared/a.md: {% include "shared/b.md" %}\nshared/b.md: {% include "shared/a.md" %}',
    ),
    "include-escape": (
        "An include leads out of the prompts folder",
        "Prompts reach no file of the machine they run on.",
        "content: '{% include \"../../etc/passwd\" %}'",
    ),
    "include-type": (
        "An include names something that is not a text fragment",
        "Fragments end in .md, .txt or .j2, so that no prompt is taken for a fragment.",
        "content: '{% include \"shared/style.yaml\" %}'",
    ),
    "include-dynamic": (
        "An include does not name one fixed file",
        (
            "The text of included files is part of a prompt's digest, so they have to be known"
            " without rendering."
        ),
        "content: '{% include style %}'         # or a list, or `ignore missing`",
    ),
}
