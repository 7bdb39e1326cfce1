"""Tables of what products have beside variants: images and facets; and what variants cost."""
