// Faults: searches the kinds of faults while the user types.

import { findAsYouType, showFound } from "./find.js";
import { defineSection } from "./sections.js";

const field = () => document.getElementById("find-kind");

defineSection("faults", { shown: () => findAsYouType(field()), changed: () => showFound(field()) });
