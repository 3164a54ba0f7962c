import { beforeEach, describe, expect, test } from "vitest";
import { Renegotiation } from "../src/shared/renegotiation";

/** A peer connection as far as offers go: the states of JSEP, and every step noted. */
class FakePeer {
  signalingState = "stable";
  localDescription: { sdp: string } | null = null;
  steps: string[] = [];
  private offers = 0;

  async createOffer(options: { iceRestart?: boolean }) {
    this.offers += 1;
    this.steps.push(options.iceRestart === true ? "restart" : "offer");
    return { type: "offer", sdp: `offer ${this.offers}` };
  }

  async setLocalDescription(description: { type: string; sdp?: string }) {
    if (description.type === "rollback") {
      if (this.signalingState !== "have-local-offer") throw new Error("nothing to roll back");
      this.signalingState = "stable";
      this.steps.push("rollback");
      return;
    }
    this.localDescription = { sdp: description.sdp ?? "" };
    this.signalingState = "have-local-offer";
  }

  async setRemoteDescription(description: { sdp: string }) {
    if (this.signalingState !== "have-local-offer") throw new Error("no offer to answer");
    this.signalingState = "stable";
    this.steps.push(description.sdp);
  }
}

let peer: FakePeer;
let sent: [string, number][];
let open: boolean;
let line: Renegotiation;

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

beforeEach(() => {
  peer = new FakePeer();
  sent = [];
  open = true;
  line = new Renegotiation(peer as unknown as RTCPeerConnection, {
    send: (sdp, key) => {
      if (open) sent.push([sdp, key]);
      return open;
    },
    relays: () => Promise.resolve(null),
  });
});

describe("further offers", () => {
  test("an offer is answered by its number", async () => {
    line.want(true);
    await settle();
    expect(sent).toEqual([["offer 1", 1]]);
    await line.answered("answer 0", 0);
    expect(peer.signalingState).toBe("have-local-offer");
    await line.answered("answer 1", 1);
    expect(peer.steps).toEqual(["restart", "answer 1"]);
  });

  test("a newer wish supersedes what is not answered yet, and its answer", async () => {
    line.want(true);
    await settle();
    line.want(false);
    await settle();
    await line.answered("late answer", 1);
    await line.answered("answer 2", 2);
    // Still a restart: the first one never came through.
    expect(peer.steps).toEqual(["restart", "rollback", "restart", "answer 2"]);
  });

  test("wishes at once make one offer", async () => {
    line.want(false);
    line.want(true);
    line.want(true);
    await settle();
    expect(sent.length).toBeLessThanOrEqual(2);
    const [, key] = sent[sent.length - 1] as [string, number];
    await line.answered("answer", key);
    await settle();
    expect(peer.signalingState).toBe("stable");
  });

  test("nothing is offered before the first answer", async () => {
    peer.signalingState = "have-local-offer";
    line.want(true);
    await settle();
    expect(peer.steps).toEqual([]);
    peer.signalingState = "stable";
    line.begun();
    await settle();
    expect(sent).toEqual([["offer 1", 1]]);
  });

  test("a line that was down gets the offer anew when it is open again", async () => {
    open = false;
    line.want(true);
    await settle();
    expect(sent).toEqual([]);
    open = true;
    line.lineOpened();
    await settle();
    expect(sent).toEqual([["offer 2", 2]]);
    await line.answered("answer 2", 2);
    line.lineOpened();
    await settle();
    expect(sent.length).toBe(1);
  });

  test("a closed connection offers nothing more", async () => {
    line.close();
    line.want(true);
    await settle();
    expect(peer.steps).toEqual([]);
  });
});
