"""Whether the migrations hold what they promise: `schema verify`.

verify ─► stairway (ladder, seeds, contents) · reorder · squashes · lint · drift ─► findings ─► text
"""
