"""The words of the change rules: by level, then by id: title, explanation, example."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CHANGE_TEXTS"]

_Texts = Mapping[str, tuple[str, str, str]]

CHANGE_TEXTS: Mapping[str, _Texts] = {
    "patch": {
        "description-changed": (
            "The description of the prompt changed",
            "A description is for people; no message that a model gets differs.",
            "-description: Two-sentence news summaries.\n+description: Short news summaries.",
        ),
        "title-changed": (
            "The display name changed",
            "The field `name` is what people see in reports; callers use the file's path.",
            "-name: Summarizer\n+name: News summarizer",
        ),
        "tags-changed": (
            "The tags changed",
            "Tags group prompts for search and reports; no message differs.",
            "-tags: [news]\n+tags: [news, summarization]",
        ),
        "metadata-changed": (
            "The metadata changed",
            "Metadata is for people and tools; no message differs.",
            "-metadata: {owner: content-team}\n+metadata: {owner: search-team}",
        ),
        "whitespace-changed": (
            "A text changed in its white space only",
            (
                "The words and their order stay, so models answer alike. Blanks in a placeholder"
                " count as white space too."
            ),
            '-    content: "Summarize:  {{article}}"\n+    content: "Summarize: {{ article }}"',
        ),
        "variable-described": (
            "The description of a variable changed",
            "A description is for people; what callers pass stays.",
            (
                "-  tone: {type: string, default: neutral}\n"
                "+  tone: {type: string, default: neutral, description: Mood of the text}"
            ),
        ),
        "variables-declared": (
            "The variables are declared now, or no longer, with the same names and types",
            (
                "Without `variables:` each name in the templates is a required string. Writing that"
                " down changes nothing for callers."
            ),
            "+variables:\n+  article: string",
        ),
        "spelling-changed": (
            "A field is written in another way and means the same",
            (
                "A default written out, a shorthand in full, a schema as a mapping instead of"
                " JSON text: the prompt means the same as before."
            ),
            "-  audience: string\n+  audience: {type: string}",
        ),
    },
    "minor": {
        "message-changed": (
            "The wording of a message changed",
            "Another wording gives other answers, but callers need not change.",
            "-    content: Summarize the text.\n+    content: Summarize the text in one sentence.",
        ),
        "message-added": (
            "A message was added",
            "The model gets more than before; callers need not change.",
            "+  - role: system\n+    content: Answer in the language of the question.",
        ),
        "message-removed": (
            "A message was removed",
            "The model gets less than before; callers need not change.",
            "-  - role: system\n-    content: Answer in the language of the question.",
        ),
        "message-role-changed": (
            "A message has another role",
            "Models weigh system and user messages differently; callers need not change.",
            "-  - role: user\n+  - role: system",
        ),
        "messages-reordered": (
            "The messages are the same in another order",
            "The order of messages steers a model; callers need not change.",
            (
                "-  - placeholder: history\n   - role: user\n     content: ...\n"
                "+  - placeholder: history"
            ),
        ),
        "include-changed": (
            "The text of an included fragment changed",
            (
                "A fragment's text is part of every prompt that includes it, so each of them gets a"
                " new version; `promptreg bump` does them all."
            ),
            "prompts/shared/style.md\n-Write plainly.\n+Write plainly and briefly.",
        ),
        "model-changed": (
            "The model changed",
            "Another model answers, costs and takes its time differently.",
            "-model: openai/gpt-4o\n+model: openai/gpt-4o-mini",
        ),
        "parameters-changed": (
            "A model parameter changed",
            "Parameters such as the temperature change the answers.",
            "-modelParameters: {temperature: 0.7}\n+modelParameters: {temperature: 0.2}",
        ),
        "variable-added": (
            "An optional variable was added",
            "It has a default, so callers need not pass it.",
            "+  tone: {type: string, default: neutral}",
        ),
        "default-added": (
            "A required variable has a default now",
            "Callers may leave it out; those who pass it need not change.",
            "-  tone: string\n+  tone: {type: string, default: neutral}",
        ),
        "default-changed": (
            "The default of a variable changed",
            "Callers who leave it out get other messages.",
            "-  tone: {type: string, default: neutral}\n+  tone: {type: string, default: lively}",
        ),
        "enum-widened": (
            "A variable takes more values",
            "Every value that was allowed still is.",
            (
                "-  tone: {type: string, enum: [neutral]}\n"
                "+  tone: {type: string, enum: [neutral, lively]}"
            ),
        ),
        "output-field-added": (
            "The answer has a new field",
            "Those who read the answer may ignore it.",
            '+    "confidence": {"type": "number"}',
        ),
        "output-schema-changed": (
            "The answer's schema changed in something other than its fields and types",
            (
                "Descriptions, limits and the values of an enum steer the model; the answer's shape"
                " stays."
            ),
            '-    "score": {"type": "number"}\n+    "score": {"type": "number", "maximum": 10}',
        ),
        "other-changed": (
            "Something changed that no other rule names",
            "What promptreg does not know may matter, so it counts as minor.",
            "+x-team-setting: fast",
        ),
    },
    "major": {
        "variable-removed": (
            "A variable was removed",
            "Callers who pass it get an error.",
            "-  audience: string",
        ),
        "variable-renamed": (
            "A variable has another name",
            (
                "A variable went, another of the same type stands in its places. Callers who pass"
                " the old name get an error."
            ),
            "-  article: string\n+  text: string",
        ),
        "variable-retyped": (
            "A variable has another type",
            "Values that callers pass may no longer fit.",
            "-  count: string\n+  count: integer",
        ),
        "required-variable-added": (
            "A required variable was added",
            "Callers who do not pass it get an error. With a default it would be minor.",
            "+  audience: string",
        ),
        "default-lost": (
            "A variable lost its default",
            "Callers who left it out get an error.",
            "-  tone: {type: string, default: neutral}\n+  tone: string",
        ),
        "enum-narrowed": (
            "A variable takes fewer values",
            "Callers who pass a value that is gone get an error.",
            (
                "-  tone: {type: string, enum: [neutral, lively]}\n"
                "+  tone: {type: string, enum: [neutral]}"
            ),
        ),
        "output-field-removed": (
            "A field of the answer was removed",
            "Those who read it find nothing.",
            '-    "summary": {"type": "string"}',
        ),
        "output-field-retyped": (
            "A field of the answer has another type",
            "Those who read it get something else.",
            '-    "score": {"type": "integer"}\n+    "score": {"type": "string"}',
        ),
        "output-field-optional": (
            "A field of the answer is no longer required",
            "Those who rely on it may find nothing.",
            '-    "required": ["summary", "score"]\n+    "required": ["summary"]',
        ),
        "response-format-changed": (
            "The format of the answer changed",
            "Those who parse the answer get another kind of text.",
            "-responseFormat: text\n+responseFormat: json_schema",
        ),
        "template-language-changed": (
            "The template language changed",
            (
                "The same text means something else: `{{name}}` is a placeholder in one language,"
                " text in the other."
            ),
            "+template: fstring",
        ),
        "placeholder-added": (
            "A placeholder for messages was added",
            "Callers who do not fill it get an error.",
            "+  - placeholder: history",
        ),
        "placeholder-removed": (
            "A placeholder for messages was removed",
            "Callers who fill it get an error.",
            "-  - placeholder: history",
        ),
    },
}
