"""What people are shown of an atlas: pages of materialisations, comparisons, history."""
