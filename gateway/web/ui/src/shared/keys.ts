/** Keyboard shortcuts: Alt and a letter, so that they work while typing and no single key does harm. */

import { useLayoutEffect } from "preact/hooks";

export function useShortcut(letter: string, enabled: boolean, act: () => void): void {
  // In the layout effect: what can be seen can be pressed.
  useLayoutEffect(() => {
    if (!enabled) return undefined;
    const listen = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== `Key${letter.toUpperCase()}`) return;
      event.preventDefault();
      if (!event.repeat) act();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  });
}
