"""A plan done, undone and done again on a copy, and a verdict about it.

copies ─► rehearse (observed) ─► verdict by a budget ─► text · page
"""
