/** The pages' icons: one line weight, one grid, drawn for this project. */

import type { Channel } from "../frames";

const PATHS = {
  phone: "M6.2 3.5h3l1.5 4-2 1.6a12 12 0 0 0 5.2 5.2l1.6-2 4 1.5v3a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.2 5.7a2 2 0 0 1 2-2.2Z",
  hang_up: "M3.5 14.5c0-1 .3-2 1.1-2.7a11.5 11.5 0 0 1 14.8 0c.8.7 1.1 1.7 1.1 2.7v1.2l-4.3.8-.7-2.9a11 11 0 0 0-7 0l-.7 2.9-4.3-.8Z",
  web: "M12 3.8a8.2 8.2 0 1 1 0 16.4 8.2 8.2 0 0 1 0-16.4ZM3.8 12h16.4M12 3.8c5 5 5 11.4 0 16.4M12 3.8c-5 5-5 11.4 0 16.4",
  chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7l-4.5 3.8V16H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z",
  microphone: "M12 3.5a2.8 2.8 0 0 1 2.8 2.8v5a2.8 2.8 0 0 1-5.6 0v-5A2.8 2.8 0 0 1 12 3.5ZM6 11.3a6 6 0 0 0 12 0M12 17.3v3.2M9 20.5h6",
  microphone_off: "M9.2 9.2v2.1a2.8 2.8 0 0 0 4.7 2M14.8 10.5V6.3a2.8 2.8 0 0 0-5.5-.7M6 11.3a6 6 0 0 0 9.7 4.7M18 11.3a6 6 0 0 1-.5 2.3M12 17.3v3.2M9 20.5h6M4.5 4.5l15 15",
  pause: "M9 5.5v13M15 5.5v13",
  play: "M8 5.5v13l10.5-6.5Z",
  record: "M12 6.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  back: "M14.5 5.5L8 12l6.5 6.5",
  next: "M9.5 5.5L16 12l-6.5 6.5",
  down: "M6 9.5l6 6 6-6",
  send: "M4.5 5.5l16 6.5-16 6.5 2.5-6.5ZM7 12h7",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 8v4.3l3 1.7",
  warning: "M12 4.5l8.5 15h-17ZM12 10.5v4M12 17v.1",
  user: "M12 4.5a3.7 3.7 0 1 1 0 7.4 3.7 3.7 0 0 1 0-7.4ZM5 20a7 7 0 0 1 14 0",
  keypad: "M6 6h.1M12 6h.1M18 6h.1M6 12h.1M12 12h.1M18 12h.1M6 18h.1M12 18h.1M18 18h.1",
  refresh: "M19 8.5A7.7 7.7 0 1 0 19.7 13M19.5 4.5v4.2h-4.2",
  sign_out: "M14 4.5H6.5v15H14M10.5 12h9M16.5 8.5L20 12l-3.5 3.5",
  transfer: "M4 8.5h14M14.5 5L18 8.5 14.5 12M20 15.5H6M9.5 12L6 15.5 9.5 19",
  camera: "M4.5 7h10A1.5 1.5 0 0 1 16 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-10A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7ZM16 11l5-3v8l-5-3",
  camera_off: "M8.5 7h6A1.5 1.5 0 0 1 16 8.5V13M15.4 16.8a1.5 1.5 0 0 1-.9.2h-10A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7h.7M16 11l5-3v8l-5-3M4 4l16 16",
  screen: "M3.5 5h17v11h-17ZM8.5 20h7M12 16v4",
  full: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  keyboard: "M3.5 6.5h17v11h-17zM7 10h.1M10.3 10h.1M13.6 10h.1M17 10h.1M8 14h8",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={name === "keypad" ? 2.8 : 1.8}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

const CHANNELS: Record<Channel, IconName> = { phone: "phone", web_call: "web", chat: "chat" };

export function ChannelIcon({ channel, size = 20 }: { channel: Channel; size?: number }) {
  return <Icon name={CHANNELS[channel]} size={size} />;
}

/** Zentrale's mark: two jacks and a cord. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--mark)" />
      <circle cx="10" cy="11" r="4.2" fill="none" stroke="#fff" stroke-width="2.2" />
      <circle cx="22" cy="21" r="4.2" fill="#f2b45a" stroke="#fff" stroke-width="2.2" />
      <path d="M10 15.2c0 6 5.5 5.8 7.8 5.8" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" />
    </svg>
  );
}
