"""What agents that write and test applications get: tools over the control API by MCP, and instructions as files."""
