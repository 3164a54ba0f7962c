/** Several contacts in hand: one tab each, in the order in which they were accepted. */

import type { ContactInfo } from "../frames";
import { ChannelIcon } from "../shared/icons";
import * as texts from "../texts";
import type { Model } from "./model";
import { chosen } from "./session";

export function Tabs({ model, shown }: { model: Model; shown: string }) {
  if (model.contacts.length < 2) return null;
  return (
    <nav class="in-hand" aria-label={texts.desk.in_hand} data-testid="in-hand">
      {model.contacts.map((contact) => {
        const waits = contact.contact !== shown && awaitsReply(model, contact);
        return (
          <button
            type="button"
            key={contact.contact}
            class="in-hand-tab"
            aria-pressed={contact.contact === shown}
            onClick={() => {
              chosen.value = contact.contact;
            }}
            data-testid={`in-hand-${contact.contact}`}
            data-state={contact.state}
          >
            <ChannelIcon channel={contact.channel} size={18} />
            <span class="in-hand-name">{contact.customer_name}</span>
            {waits && <span class="lamp signal" role="img" aria-label={texts.desk.awaits_reply} />}
            {contact.state === "wrap_up" && <span class="muted">{texts.desk.wrap_up}</span>}
          </button>
        );
      })}
    </nav>
  );
}

function awaitsReply(model: Model, contact: ContactInfo): boolean {
  const lines = model.chats[contact.contact]?.lines ?? [];
  return contact.state !== "wrap_up" && lines[lines.length - 1]?.author === "customer";
}
