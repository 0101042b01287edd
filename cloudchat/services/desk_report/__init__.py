"""What agents and divisions did: facts from the raw rows, figures and lists made of the same facts."""
