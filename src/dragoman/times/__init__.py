"""Step 5a, when: time expressions with their TIMEX3 values, and the date of each event.

find_times   the expressions of an article
date_event   the day, month or range of one event, with its basis
is_history   why an event is told as background, if it is; date_with_history tells both at once, of a Timeline
Timeline     the expressions of an article as its events ask for them
"""

from dragoman.times.candidates import Timeline
from dragoman.times.dating import date_event, date_with_history, is_history
from dragoman.times.finding import find_times

__all__ = ["Timeline", "date_event", "date_with_history", "find_times", "is_history"]
