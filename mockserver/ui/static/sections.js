// Runs the code of a section: once its page is shown, and when parts of it have changed.

const sections = new Map();

const current = () => sections.get(document.body.dataset.section);

/** Set the functions of a section: `shown()` runs whenever its page is shown, `changed(parts)` after a live update. */
export function defineSection(name, functions) {
  sections.set(name, functions);
  if (current() === functions) functions.shown?.();
}

export const runShown = () => current()?.shown?.();
export const runChanged = (parts) => current()?.changed?.(parts);
