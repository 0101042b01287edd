"""Shipping costs: understanding the question (`parsing`, pure), asking the provider, answering."""
