"""State, keyed by room id: plans, receipts, dial attempts, a bounded history. Sealed where it holds a passcode."""
