"""The colours of a drawn diagram, on a light page and on a dark one, and what they are for."""

PALETTE: dict[str, tuple[str, str]] = {
    "page": ("#ffffff", "#0d1117"),
    "box": ("#ffffff", "#151b23"),
    "head": ("#eaeef2", "#262c36"),
    "border": ("#6e7781", "#7d8590"),
    "text": ("#1f2328", "#e6edf3"),
    "soft": ("#57606a", "#9ba4ae"),
    "line": ("#656d76", "#8b949e"),
    "added": ("#1a7f37", "#3fb950"),
    "added-back": ("#dafbe1", "#12261e"),
    "removed": ("#cf222e", "#f85149"),
    "removed-back": ("#ffebe9", "#2d1619"),
    "changed": ("#8a5a00", "#d29922"),
    "changed-back": ("#fff3c0", "#2b2210"),
    # Of lines, by the table that they point to.
    "hue0": ("#0b5cad", "#58a6ff"),
    "hue1": ("#a8470a", "#f0883e"),
    "hue2": ("#0f766e", "#2dc7b8"),
    "hue3": ("#8a3ab9", "#c893f0"),
    "hue4": ("#4d7c0f", "#9bc94a"),
    "hue5": ("#b4235a", "#f778a9"),
    "hue6": ("#57534e", "#b3ada6"),
}
HUES = sum(name.startswith("hue") for name in PALETTE)

# Of light and dark alike; the fonts are those that a machine has.
SHAPES = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
  "Liberation Mono", monospace; white-space: pre }
.title { font: 600 16px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.note { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.name { font-size: 13px; font-weight: 700 }
.app { font-size: 11px; text-anchor: end }
.mark { font-size: 10px; font-weight: 700 }
.null { font-size: 10px; text-anchor: end }
.sign { font-weight: 700 }
.key { font-weight: 700 }
.rule { font-size: 11px }
.gone { text-decoration: line-through }
.line { fill: none; stroke-width: 1.5 }
.may { stroke-dasharray: 6 4 }
.loose { stroke-dasharray: 1.5 4 }
.halo { fill: none; stroke-width: 5 }
.end { stroke-width: 1.5 }
.link:hover .line, .link:hover .end { stroke-width: 3 }
.border { fill: none; stroke-width: 1 }
.stub .border { stroke-dasharray: 3 3 }
.border.added { stroke-width: 2.5 }
.border.removed { stroke-width: 2; stroke-dasharray: 8 4 }
.border.changed { stroke-width: 2 }
"""

COLORED = """
.page { fill: {page} }
.halo { stroke: {page} }
.box { fill: {box} }
.head { fill: {head} }
.border { stroke: {border} }
text { fill: {text} }
.app, .mark, .null, .type, .rule, .note { fill: {soft} }
.line, .foot { stroke: {line} }
.foot { fill: none }
.arrow { fill: {line}; stroke: {line} }
"""

CHANGED = """
.{word}.back { fill: {back} }
.{word}.border, .{word} .line, .{word} .foot, .{word} .arrow { stroke: {color} }
.{word} .arrow, .{word}.sign { fill: {color} }
.{word} .type, .{word} .null, .{word} .mark, .{word} .app, .{word}.rule { fill: {text} }
"""

HUE = """
.{word} .line, .{word} .foot, .{word} .arrow { stroke: {color} }
.{word} .arrow, .stripe.{word} { fill: {color} }
"""


def stylesheet() -> str:
    """Dark where the reader's screen is, and never on paper."""
    dark = "\n".join(f"  {line}" for line in _colored(1).splitlines())
    where = "@media screen and (prefers-color-scheme: dark)"
    return f"{SHAPES.strip()}\n{_colored(0)}\n{where} {{\n{dark}\n}}"


def _colored(shade: int) -> str:
    colors = {name: shades[shade] for name, shades in PALETTE.items()}
    rules = _filled(COLORED, colors)
    for word in ("added", "removed", "changed"):
        own = {"word": word, "color": colors[word], "back": colors[f"{word}-back"]}
        rules += _filled(CHANGED, {**own, "text": colors["text"]})
    for number in range(HUES):
        word = f"hue{number}"
        rules += _filled(HUE, {"word": word, "color": colors[word]})
    return rules.strip().replace("\n\n", "\n")


def _filled(rules: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        rules = rules.replace(f"{{{name}}}", value)
    return rules
