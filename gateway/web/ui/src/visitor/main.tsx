import { render } from "preact";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/pictures.css";
import "../styles/visitor.css";
import { Page } from "./Page";
import { start } from "./session";

render(<Page />, document.getElementById("app") as HTMLElement);
start();
