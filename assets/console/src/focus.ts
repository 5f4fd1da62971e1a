/** After a form came back, what is said on top gets the focus, so that it is read out and its links are next. */
export function focusWhatIsSaid(): void {
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}
