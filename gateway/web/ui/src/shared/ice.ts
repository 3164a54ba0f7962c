/** Which relays a call's connection may use; Zentrale gives them with credentials that expire, so each time is asked. */

import type { IceServers } from "../frames";

const ANSWER_MS = 3000;

export class IceSource {
  private waiting: ((configuration: RTCConfiguration | null) => void)[] = [];

  /** `ask` sends the question; false when the line is down. */
  constructor(private readonly ask: () => boolean) {}

  /** Null when Zentrale can't be asked just now; then a connection is made without relays, or with those it had. */
  get(): Promise<RTCConfiguration | null> {
    return new Promise((resolve) => {
      if (!this.ask()) {
        resolve(null);
        return;
      }
      this.waiting.push(resolve);
      setTimeout(() => resolve(null), ANSWER_MS);
    });
  }

  received(frame: IceServers): void {
    const configuration: RTCConfiguration = {
      iceServers: frame.servers.map(({ urls, username, credential }) => ({
        urls,
        ...(username != null && credential != null ? { username, credential } : {}),
      })),
      iceTransportPolicy: frame.relay_only ? "relay" : "all",
    };
    for (const resolve of this.waiting.splice(0)) resolve(configuration);
  }

  refused(): void {
    for (const resolve of this.waiting.splice(0)) resolve(null);
  }
}
