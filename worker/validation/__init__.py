"""Finds what is wrong with BPMN models and element templates before they are deployed."""
