"""Texts that people wrote: which words and phrases they hold, and vectors that say what they mean."""
