"""Published Kaplan-Meier curves turned into pseudo individual data.

Two ways, by what is published: rates at landmarks with their confidence limits (`landmarks`, an
exhaustive search over the curves that give the printed figures), or points digitised from a figure
with the numbers at risk below it (`digitised`, after Guyot et al. 2012).
"""
