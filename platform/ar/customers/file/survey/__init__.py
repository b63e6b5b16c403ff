"""The opening questionnaire of a customer (R026, without what A12 leaves out), its versions kept."""
