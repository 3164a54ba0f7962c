/** A customer's address as people read it: tel:+49 30 … without its scheme, a visitor's hash shortened. */
export function address(raw: string): string {
  if (raw.startsWith("visitor:")) return `Web visitor · ${raw.slice(8, 16)}`;
  return raw.replace(/^(tel|sip):/, "");
}
