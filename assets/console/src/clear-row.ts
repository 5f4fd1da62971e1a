/** `<button data-clear="N">`: empties the fields of the header N, which removes it when the form is saved. */
export function clearRows(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-clear]");
    if (!button) return;
    const number = button.dataset["clear"];
    for (const part of ["name", "value"]) {
      const field = document.getElementById(`header-${number}-${part}`);
      if (field instanceof HTMLInputElement) field.value = "";
    }
    document.getElementById(`header-${number}-name`)?.focus();
  });
}
