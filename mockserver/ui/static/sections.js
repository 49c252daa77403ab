// Runs the code of a section when its page is shown and when parts of it have changed, and tells clicks for the page from those for the browser.

const sections = new Map();

const current = () => sections.get(document.body.dataset.section);

/** Set the functions of a section: `shown()` runs whenever its page is shown, `changed(parts)` after a live update. */
export function defineSection(name, functions) {
  sections.set(name, functions);
  if (current() === functions) functions.shown?.();
}

/** Whether a click is the main button's alone; with a modifier it opens a tab or window, or marks text. */
export const isPlainClick = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

export const runShown = () => current()?.shown?.();
export const runChanged = (parts) => current()?.changed?.(parts);
