"""Element templates: the forms of the Modeler, generated from the request models and one table of texts."""
