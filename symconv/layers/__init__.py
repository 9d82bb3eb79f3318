"""What is verified: layers with all that is known of them.

The rest of the package asks `layer` for a layer and its sizes, `axis` for one spatial axis,
`registry` for the layers that are shipped, and `theorems` for identities between them.
"""
