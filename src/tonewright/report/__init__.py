"""The report page: hear and see whether a model sounds like its device."""
