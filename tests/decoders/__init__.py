"""Whole bodies read at once, by the name of what reads them part by part."""
