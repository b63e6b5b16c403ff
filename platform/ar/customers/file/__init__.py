"""The customer file before credit (R020 to R030): documents, questionnaire, blacklist, owners."""
