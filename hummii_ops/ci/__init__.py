"""What a CI job decides without a person: whether a deploy that failed is rolled back."""
