"""Where things that an atlas does not have would stand on its maps, without making anything anew: ``atlas place``.

Their neighbours among what the atlas has are counted from rows of the same form as its source, and each stands where
most of these stand together (``stages.geometry.beside``). Nothing that is stored changes.
"""
