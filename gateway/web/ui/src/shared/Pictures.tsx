/** Pictures of a call: the other side's large, our own small, and the buttons for camera and screen. */

import { useEffect, useRef } from "preact/hooks";
import type { VideoInfo } from "../frames";
import * as texts from "../texts";
import { Icon } from "./icons";
import { useShortcut } from "./keys";
import { canShareScreen, type CallVideo } from "./video";

const t = texts.video;

interface Props {
  video: CallVideo;
  info: VideoInfo;
  /** How the other side is called. */
  other: string;
  held: boolean;
}

export function Pictures({ video, info, other, held }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const { source, own, seeing, remote, fault } = video;
  useEffect(() => video.pause(held), [video, held]);
  const theirs = info.other !== null && seeing.value && remote.value !== null;
  const label = info.other === "screen" ? t.their_screen(other) : t.their_camera(other);
  return (
    <>
      {fault.value !== null && (
        <div class={`alert ${fault.value === "screen" ? "calm" : ""}`} role={fault.value === "screen" ? "status" : "alert"} data-testid={`picture-${fault.value}`}>
          <Icon name={fault.value === "screen" ? "screen" : "camera_off"} />
          <div>
            <strong>{t.faults[fault.value].title}</strong>
            <p>{t.faults[fault.value].help}</p>
            <button type="button" class="button small" onClick={() => (fault.value = null)} data-testid="picture-fault-close">
              {texts.common.dismiss}
            </button>
          </div>
        </div>
      )}
      {info.other !== null && !seeing.value && (
        <div class="alert calm" role="status" data-testid="video-offered">
          <Icon name={info.other === "screen" ? "screen" : "camera"} />
          <div>
            <strong>{info.other === "screen" ? t.offers_screen(other) : t.offers_camera(other)}</strong>
            <button type="button" class="button primary small" onClick={() => video.see(true)} data-testid="video-see">
              {t.see}
            </button>
          </div>
        </div>
      )}
      {(theirs || own.value !== null) && (
        <div class={`stage ${theirs ? "" : "alone"} ${held ? "held" : ""}`} ref={stage} data-testid="stage">
          {theirs && <Picture stream={remote.value} label={label} testid="video-remote" kind={info.other === "screen" ? "screen" : "camera"} />}
          {own.value !== null && (
            <Picture stream={own.value} label={source.value === "screen" ? t.own_screen : t.own_camera} testid="video-own" kind={source.value === "screen" ? "own screen" : "own camera"} />
          )}
          {held && (
            <p class="stage-note" role="status">
              {t.held}
            </p>
          )}
          {theirs && (
            <div class="stage-buttons">
              <button type="button" class="button small" onClick={() => video.see(false)} data-testid="video-unsee">
                {t.unsee}
              </button>
              <button type="button" class="button square small" aria-label={t.full} title={t.full} onClick={() => void full(stage.current)} data-testid="video-full">
                <Icon name="full" size={18} />
              </button>
            </div>
          )}
        </div>
      )}
    </>
  );
}

/** For the row of a call's buttons; nothing where pictures are not allowed. */
export function PictureButtons({ video, info, large = false, shortcuts = false }: { video: CallVideo; info: VideoInfo; large?: boolean; shortcuts?: boolean }) {
  const { source, asking, sharing } = video;
  const shown = info.allowed || source.value !== null;
  const camera = video.hasCamera.value;
  useShortcut("v", shortcuts && shown, () => void video.toggle("camera"));
  useShortcut("s", shortcuts && shown && canShareScreen(), () => void video.toggle("screen"));
  if (!shown) return null;
  const size = large ? "button large" : "button";
  return (
    <>
      <button type="button" class={size} aria-pressed={camera} disabled={asking.value} onClick={() => void video.toggle("camera")} aria-keyshortcuts={shortcuts ? "Alt+V" : undefined} data-testid="camera">
        <Icon name={camera ? "camera_off" : "camera"} /> {camera ? t.camera_off : t.camera_on}
      </button>
      {canShareScreen() && (
        <button type="button" class={size} aria-pressed={sharing.value} disabled={asking.value} onClick={() => void video.toggle("screen")} aria-keyshortcuts={shortcuts ? "Alt+S" : undefined} data-testid="screen">
          <Icon name="screen" /> {sharing.value ? t.screen_off : t.screen_on}
        </button>
      )}
    </>
  );
}

function Picture({ stream, label, testid, kind }: { stream: MediaStream | null; label: string; testid: string; kind: string }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    video.srcObject = stream;
    void video.play().catch(() => undefined);
  }, [stream]);
  // Muted: the sound has a player of its own.
  return <video class={`picture ${kind}`} ref={element} aria-label={label} autoplay playsInline muted data-testid={testid} />;
}

async function full(element: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen().catch(() => undefined);
  else await element?.requestFullscreen?.().catch(() => undefined);
}
