"""The reference models, built offline from their published architecture with seeded weights."""
