"""Support for test runners: fixtures for pytest, a base class for unittest, reports, and a suite for providers."""
