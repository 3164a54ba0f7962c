/**
 * The offers of one connection after its first: one at a time, each with a number, and again when its answer was lost.
 * Zentrale never offers. An ICE restart keeps DTLS, keys and sound; only the way they take is new.
 */

interface Options {
  /** The relays that a restart may use, null: those there are. */
  relays: () => Promise<RTCConfiguration | null>;
  /** False when the line to Zentrale is down; `lineOpened` is called when it is back. */
  send: (sdp: string, key: number) => boolean;
}

export class Renegotiation {
  private key = 0;
  private wanted = false;
  private restart = false;
  private busy = false;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly options: Options,
  ) {}

  /** Offer anew, as soon as may be; with `restart` from another network address. */
  want(restart: boolean): void {
    this.wanted = true;
    this.restart ||= restart;
    void this.offer();
  }

  /** Zentrale's answer to the offer of that number; an older one counts no more. */
  async answered(sdp: string, key: number): Promise<void> {
    if (this.busy || key !== this.key || this.pc.signalingState !== "have-local-offer") return;
    this.restart = false;
    this.busy = true;
    try {
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    } finally {
      this.busy = false;
    }
    if (this.wanted) void this.offer();
  }

  /** The first answer is there, so that further offers may follow. */
  begun(): void {
    if (this.wanted) void this.offer();
  }

  /** The line to Zentrale is open again: what was under way on the old one is lost. */
  lineOpened(): void {
    if (this.underway) this.want(false);
  }

  close(): void {
    this.wanted = false;
    this.key = -1;
  }

  private get underway(): boolean {
    return this.key > 0 && this.pc.signalingState === "have-local-offer";
  }

  private async offer(): Promise<void> {
    if (this.busy || this.key < 0) return;
    this.busy = true;
    try {
      while (this.wanted) {
        // The first offer is still unanswered: it can't be taken back, and its answer will call us.
        if (this.pc.signalingState === "have-local-offer" && !this.underway) return;
        this.wanted = false;
        const relays = this.restart ? await this.options.relays() : null;
        if (this.key < 0) return;
        if (this.underway) await this.pc.setLocalDescription({ type: "rollback" });
        if (relays !== null) this.pc.setConfiguration({ ...this.pc.getConfiguration(), ...relays });
        await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: this.restart }));
        if (this.key < 0) return;
        this.key += 1;
        this.options.send(this.pc.localDescription?.sdp ?? "", this.key);
      }
    } catch (error) {
      console.warn("no further offer could be made", error);
    } finally {
      this.busy = false;
    }
  }
}
