"""The language of index sums; it knows nothing of convolution."""
