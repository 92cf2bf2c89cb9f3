"""The one JSON codec: strict in, strict and compact out, numbers kept as the face says.

Integers are `int` of any size. Numbers with a fraction or an exponent are doubles (`float`) or exact (`Decimal`).
NaN and infinities are refused in both directions; text is written as UTF-8, not escaped to ASCII.
"""
