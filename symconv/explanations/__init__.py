"""Why a statement fails, where it still holds, and what would have been right."""
