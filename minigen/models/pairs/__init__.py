"""Pictures and their names: models of pairs.

words         a name as one vector
contrastive   which picture has which name (lesson 23)
"""
