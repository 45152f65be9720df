"""What a migration would block, for whom, and what to write instead.

choice ─► watching (up and down, observed) ─► hazards · squawk ─► remedies ─► text
"""
