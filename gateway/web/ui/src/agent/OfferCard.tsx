/** A contact that rings at this agent: who, where from, how long they have waited, and why this agent. */

import { useEffect, useRef } from "preact/hooks";
import type { OfferInfo } from "../frames";
import { ChannelIcon, Icon } from "../shared/icons";
import { useShortcut } from "../shared/keys";
import { clock, now, serverNow } from "../shared/time";
import * as texts from "../texts";
import { address } from "./address";
import { send } from "./session";

const RADIUS = 26;
const ROUND = 2 * Math.PI * RADIUS;

export function OfferCard({ offer }: { offer: OfferInfo }) {
  const accept = () => send({ type: "accept", offer: offer.offer });
  const reject = () => send({ type: "reject", offer: offer.offer });
  useShortcut("a", true, accept);
  useShortcut("r", true, reject);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Ready to be pressed, but never taken from where somebody types.
    if (document.activeElement === document.body) button.current?.focus({ preventScroll: true });
  }, []);
  return (
    <section class="offer" aria-labelledby="offer-name" data-testid="offer" data-contact={offer.contact} data-offer={offer.offer}>
      <div class="offer-head">
        <p class="eyebrow signal">
          <ChannelIcon channel={offer.channel} size={18} /> 
          <span>
            {texts.desk.ringing(offer.channel)} · <span data-testid="offer-queue">{offer.queue_title}</span>
          </span>
        </p>
        <Countdown offer={offer} />
      </div>
      <h1 id="offer-name" class="who" data-testid="offer-customer">
        {offer.customer_name}
      </h1>
      <p class="muted address">{address(offer.customer_address)}</p>
      <dl class="facts">
        <div>
          <dt>{texts.desk.waited}</dt>
          <dd class="figure" data-testid="offer-waited">
            {clock(now.value - offer.waiting_since_ms)}
          </dd>
        </div>
        <div class="wide">
          <dt>{texts.desk.why}</dt>
          <dd data-testid="offer-why">{offer.why}</dd>
        </div>
      </dl>
      <div class="offer-buttons">
        <button type="button" ref={button} class="button good large" onClick={accept} aria-keyshortcuts="Alt+A" data-testid="accept">
          <Icon name={offer.channel === "chat" ? "chat" : "phone"} /> {texts.desk.accept} <kbd>Alt A</kbd>
        </button>
        <button type="button" class="button large" onClick={reject} aria-keyshortcuts="Alt+R" data-testid="reject">
          {texts.desk.reject} <kbd>Alt R</kbd>
        </button>
      </div>
    </section>
  );
}

/** The ring empties by itself (one animation, no timer); the number follows the clock. */
function Countdown({ offer }: { offer: OfferInfo }) {
  const total = Math.max(1, offer.expires_ms - offer.offered_ms);
  const started = useRef(serverNow() - offer.offered_ms);
  const left = Math.max(0, Math.ceil((offer.expires_ms - now.value) / 1000));
  return (
    <div class="countdown" role="timer" aria-label={texts.desk.seconds_left(left)} data-testid="countdown">
      <svg width="64" height="64" viewBox="0 0 64 64" aria-hidden="true">
        <circle class="countdown-track" cx="32" cy="32" r={RADIUS} />
        <circle
          class="countdown-rest"
          cx="32"
          cy="32"
          r={RADIUS}
          style={{
            strokeDasharray: `${ROUND}`,
            animationDuration: `${total}ms`,
            animationDelay: `${-started.current}ms`,
          }}
        />
      </svg>
      <span aria-hidden="true">{left}</span>
    </div>
  );
}
