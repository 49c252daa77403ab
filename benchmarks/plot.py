"""The results as a picture: requests a second of every server, load by load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from .goals import NULL, SERVED_HOSTS
from .loads import LOADS
from .plan import CONNECTIONS
from .results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {8: ("#1b7f5c", "#9aa5b1"), 32: ("#7cc4a8", "#ccd3da")}
"""Of ours and of the others, by the number of connections."""


def draw(results: Results, path: Path) -> None:
    """Write the SVG: the same bytes for the same results."""
    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams.update({"svg.hashsalt": "mockserver", "svg.fonttype": "none", "font.size": 9})
    figure, grid = pyplot.subplots(2, 2, figsize=(11, 8.5), layout="constrained")
    for axes, load in zip(grid.flat, LOADS, strict=True):
        _panel(axes, results, load.name, load.about)
    machine = ", ".join(results.machine.get(name, "") for name in ("processor", "memory", "system"))
    figure.suptitle(
        "Requests a second: median of the repetitions, and from the least to the most; dark: 8 connections, light: 32\n"
        f"{results.date}, {machine}",
        fontsize=10,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def _panel(axes: Axes, results: Results, load: str, about: str) -> None:
    peers = [
        peer
        for peer in reversed(results.versions)
        if peer != NULL and any(results.of(peer, load, each) for each in CONNECTIONS)
    ]
    for place, peer in enumerate(peers):
        for connections, offset in zip(CONNECTIONS, (0.2, -0.2), strict=True):
            rates = [shot.rate for shot in results.of(peer, load, connections)]
            middle = results.middle(peer, load, connections, lambda shot: shot.rate)
            if middle is None:
                continue
            colour = COLOURS[connections][peer != SERVED_HOSTS]
            reach = [[middle - min(rates)], [max(rates) - middle]]
            axes.barh(place + offset, middle, 0.38, color=colour, xerr=reach, ecolor="#44505c", capsize=2)
            axes.annotate(
                f"{middle:,.0f}",
                (max(rates), place + offset),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
    axes.set_yticks(range(len(peers)), [f"{peer} {results.versions[peer]}" for peer in peers])
    axes.set_title(f"{load}: {about}", loc="left")
    axes.margins(x=0.15)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
