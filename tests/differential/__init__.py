"""The engine of the original, answering beside ours: whatever differs is a defect or a named deviation."""
