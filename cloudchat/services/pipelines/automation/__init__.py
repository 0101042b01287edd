"""What a stage does by itself: its rules, planning them with a move, and running them."""
