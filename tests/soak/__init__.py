"""Long runs and deliberate faults. Short forms run with every test, long ones by `make soak`."""
