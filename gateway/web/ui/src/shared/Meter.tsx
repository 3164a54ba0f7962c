/** How loud a stream is, as a bar. */

import { useEffect, useRef } from "preact/hooks";
import { watchLevel } from "./audio";

export function Meter({ stream, label, testid }: { stream: MediaStream; label: string; testid: string }) {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(
    () =>
      watchLevel(stream, (level) => {
        if (bar.current) bar.current.style.transform = `scaleX(${level.toFixed(3)})`;
      }),
    [stream],
  );
  return (
    <div class="meter" data-testid={testid}>
      <span class="meter-label">{label}</span>
      <span class="meter-track" aria-hidden="true">
        <span class="meter-bar" ref={bar} />
      </span>
    </div>
  );
}
