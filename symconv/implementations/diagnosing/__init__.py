"""What mistakes would have produced: the candidates among which a diagnosis chooses."""
