/** The way on for a customer: a menu of queues and of colleagues at work, asked for when it is opened. */

import { useRef } from "preact/hooks";
import type { ContactInfo, TransferTargets } from "../frames";
import { Icon } from "../shared/icons";
import * as texts from "../texts";
import { closeOnEscape, closeWhenLeft } from "./menus";
import { send } from "./session";

interface Props {
  contact: ContactInfo;
  targets: TransferTargets | null;
  small?: boolean;
}

export function Transfer({ contact, targets, small = false }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const known = targets?.contact === contact.contact ? targets : null;
  const to = (where: { queue: string } | { agent: string }) => {
    menu.current?.removeAttribute("open");
    send({ type: "transfer", contact: contact.contact, ...where });
  };
  const ask = () => {
    if (menu.current?.open) send({ type: "ask_transfer", contact: contact.contact });
  };
  return (
    <details class="menu transfer" ref={menu} onToggle={ask} onBlur={closeWhenLeft} onKeyDown={closeOnEscape}>
      <summary class={`button ${small ? "small" : "large"}`} data-testid="transfer-menu">
        <Icon name="transfer" size={small ? 18 : 20} /> {texts.desk.transfer}
      </summary>
      <div class="menu-panel right" data-testid="transfer-panel">
        {known === null && <p class="menu-note">{texts.desk.transfer_loading}</p>}
        {known !== null && known.queues.length === 0 && known.agents.length === 0 && (
          <p class="menu-note">{texts.desk.transfer_nowhere}</p>
        )}
        {known !== null && known.agents.length > 0 && (
          <>
            <p class="menu-title">{texts.desk.transfer_agents}</p>
            {known.agents.map((agent) => (
              <button type="button" class="menu-item" key={agent.name} onClick={() => to({ agent: agent.name })} data-testid={`transfer-agent-${agent.name}`}>
                <span class={`lamp ${agent.state === "available" ? "good" : "accent"}`} aria-hidden="true" />
                <span>{agent.title}</span>
                <span class="muted">{texts.desk.agent_states[agent.state]}</span>
              </button>
            ))}
          </>
        )}
        {known !== null && known.queues.length > 0 && (
          <>
            <p class="menu-title">{texts.desk.transfer_queues}</p>
            {known.queues.map((queue) => (
              <button type="button" class="menu-item" key={queue.name} onClick={() => to({ queue: queue.name })} data-testid={`transfer-queue-${queue.name}`}>
                {queue.title}
              </button>
            ))}
          </>
        )}
      </div>
    </details>
  );
}
