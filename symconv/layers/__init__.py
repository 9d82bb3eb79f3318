"""What is verified: layers with their sizes, arrays, definitions, statements and loops."""
