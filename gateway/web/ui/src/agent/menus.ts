/** How menus made of `<details>` close: when the focus leaves them, and by Escape. */

export function closeWhenLeft(event: FocusEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) event.currentTarget.removeAttribute("open");
}

export function closeOnEscape(event: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.currentTarget.removeAttribute("open");
  event.currentTarget.querySelector("summary")?.focus();
}
