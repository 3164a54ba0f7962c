/** The list of keyboard shortcuts. */

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../shared/icons";
import * as texts from "../texts";

const KEYS: [string, string][] = [
  ["A", texts.desk.accept],
  ["R", texts.desk.reject],
  ["M", `${texts.common.mute} / ${texts.common.unmute}`],
  ["V", texts.video.shortcut_camera],
  ["S", texts.video.shortcut_screen],
  ["C", `${texts.desk.recording_pause} / ${texts.desk.recording_resume}`],
  ["H", `${texts.desk.hold} / ${texts.desk.resume}`],
  ["X", `${texts.desk.hang_up} / ${texts.desk.end_chat}`],
  ["W", texts.desk.finish],
  ["P", `${texts.desk.pause} / ${texts.desk.go_ready}`],
];

export function Shortcuts({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="dialog" ref={dialog} onClose={close} aria-label={texts.desk.shortcuts}>
      <header>
        <h2>{texts.desk.shortcuts}</h2>
        <button type="button" class="button ghost square" aria-label={texts.common.close} onClick={() => dialog.current?.close()}>
          <Icon name="cross" />
        </button>
      </header>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>Alt</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
