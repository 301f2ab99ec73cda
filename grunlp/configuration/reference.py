"""The configuration reference: a Markdown page of every option of every recipe and command."""

from collections.abc import Iterable, Mapping

from grunlp.configuration.options import Option, format_value
from grunlp.configuration.schema import Section


def reference_page(recipes: Mapping[str, Iterable[Section]], commands: Mapping[str, Iterable[Section]]) -> str:
    """Write the page.

    Args:
        recipes: the sections of each recipe by its name, with the defaults that its YAML file gives.
        commands: the sections of each command by its name.
    """
    blocks = [
        "# Configuration reference",
        "Generated from the declarations of the options. Type `key=value` after a command.",
        "## Recipes",
    ]
    for recipe, sections in recipes.items():
        blocks.append(f"### recipe={recipe}")
        blocks += [block for section in sections for block in _format_section(section)]
    blocks.append("## Commands")
    for command, sections in commands.items():
        blocks.append(f"### {command}")
        blocks += [block for section in sections for block in _format_section(section)]
    return "\n\n".join(blocks) + "\n"


def _format_section(section: Section) -> list[str]:
    """Write the title of a section and a table of its options."""
    if not section.options:
        return []
    title = f"**{section.name}**: {section.summary}" if section.name else section.summary
    rows = ["| key | default | values | meaning |", "|---|---|---|---|"]
    for option in section.options:
        cells = (f"`{option.key}`", f"`{format_value(option.default)}`", describe_values(option), option.help)
        rows.append(f"| {' | '.join(_escape(cell) for cell in cells)} |")
    return [title, "\n".join(rows)]


def _escape(text: str) -> str:
    """Escape the characters that would end a table cell or start an HTML tag."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def describe_values(option: Option) -> str:
    """Describe the values an option accepts: its type and bounds, or its choices."""
    words = ", ".join(f"`{choice}`" for choice in option.choices)
    if option.type is bool:
        values = "`true`, `false`"
    elif option.type is str:
        names = {"word": "a word", "text": "text", "path": "a path", "path or name": "a path or a name"}
        names |= {"run": "a run folder", "key": "a key"}
        values = (f"a list of {words}" if option.is_list else words) or names[option.content]
    else:
        values = f"{_format_bound(option.minimum)} to {_format_bound(option.maximum)}" + (f", {words}" if words else "")
    return f"{values}, `null`" if option.nullable else values


def _format_bound(bound: float | None) -> str:
    """Format a bound of a number with thousands separators."""
    assert bound is not None
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:g}"
