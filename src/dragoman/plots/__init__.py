"""Pictures to print or to put on a page: a tie's series with its turns, its days, a network, a table of dyads.

Stands beside `ties`: it draws what it is given and computes nothing but places on the paper. Altair and vl-convert are
imported when a picture is asked for. What was not read is drawn as missing, never as calm.
"""

from dragoman.plots.calendar import draw_calendar, plot_calendar
from dragoman.plots.heat import draw_heat, plot_heat
from dragoman.plots.network import draw_network, plot_network
from dragoman.plots.series import draw_tie, plot_tie
from dragoman.plots.style import FORMATS, check_picture_path

__all__ = [
    "FORMATS", "check_picture_path", "draw_calendar", "draw_heat", "draw_network", "draw_tie", "plot_calendar",
    "plot_heat", "plot_network", "plot_tie",
]  # fmt: skip
