"""Convolution as machine learning has it: cross-correlation with stride and zero padding."""
