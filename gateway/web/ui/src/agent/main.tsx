import { render } from "preact";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/pictures.css";
import "../styles/agent.css";
import "../styles/agent-work.css";
import "../styles/agent-history.css";
import "../styles/agent-narrow.css";
import { App } from "./App";
import { start } from "./session";

render(<App />, document.getElementById("app") as HTMLElement);
void start();
