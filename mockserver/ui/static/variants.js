// Variants: searches the switches while the user types.

import { findAsYouType, showFound } from "./find.js";
import { defineSection } from "./sections.js";

const field = () => document.getElementById("find-variant");

defineSection("variants", { shown: () => findAsYouType(field()), changed: () => showFound(field()) });
