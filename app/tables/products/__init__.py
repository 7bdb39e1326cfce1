"""Tables of the images and facets of products, and the offers of variants."""
