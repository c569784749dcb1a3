"""Python parts of Tilewright. `tilewright.dropout_mask` is the dropout mask in NumPy."""
