"""Pictures as entities: compared by their pixels, and shown small."""
