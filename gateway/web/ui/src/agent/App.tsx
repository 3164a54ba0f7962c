/** The agent page: login or desk, with what concerns both. */

import { useEffect, useState } from "preact/hooks";
import { Icon, Mark } from "../shared/icons";
import * as texts from "../texts";
import { Desk } from "./Desk";
import { dismiss, line, model, notices, signIn, stage } from "./session";

export function App() {
  if (stage.value === "starting") return <p class="splash">{texts.connection.connecting}</p>;
  if (stage.value === "signed_out") return <Login />;
  const current = model.value;
  if (current === null) return <p class="splash">{texts.connection.connecting}</p>;
  return (
    <>
      <Banner />
      <Desk model={current} />
      <Notices />
    </>
  );
}

function Banner() {
  const lost = line.value === "lost" || line.value === "connecting";
  return (
    <div class="banner-place" role="status" aria-live="assertive">
      {lost && (
        <p class="banner" data-testid="connection-lost">
          <span class="spinner" aria-hidden="true" /> {texts.connection.lost}
        </p>
      )}
    </div>
  );
}

function Notices() {
  return (
    <div class="notices" aria-live="polite" data-testid="notices">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.tone}`} data-testid={`notice-${notice.tone}`}>
          <Icon name={notice.tone === "info" ? "clock" : "warning"} />
          <div>
            <strong>{notice.title}</strong>
            <p>{notice.text}</p>
          </div>
          <button type="button" class="button ghost square small" aria-label={texts.common.dismiss} onClick={() => dismiss(notice.id)}>
            <Icon name="cross" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}

function Login() {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = `${texts.login.title} – Zentrale`;
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setFault(null);
    const problem = await signIn(String(form.get("login")).trim(), String(form.get("password")));
    setBusy(false);
    setFault(problem);
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit} aria-describedby={fault === null ? undefined : "login-fault"}>
        <div class="login-brand">
          <Mark size={36} />
          <span>Zentrale</span>
        </div>
        <h1>{texts.login.title}</h1>
        <p class="muted">{texts.login.lead}</p>
        <label class="field">
          <span>{texts.login.name}</span>
          <input name="login" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus data-testid="login-name" />
        </label>
        <label class="field">
          <span>{texts.login.password}</span>
          <input name="password" type="password" autocomplete="current-password" required data-testid="login-password" />
        </label>
        {fault !== null && (
          <p class="form-fault" role="alert" id="login-fault" data-testid="login-error">
            {fault}
          </p>
        )}
        <button type="submit" class="button primary large" disabled={busy} data-testid="login-submit">
          {busy ? texts.login.checking : texts.login.submit}
        </button>
      </form>
    </main>
  );
}
